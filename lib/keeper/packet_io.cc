#include "keeper/packet_io.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "base/shortage.h"
#include "keeper/protocol.h"

namespace superd::keeper {
namespace {

// What the kernel takes in one message (SCM_MAX_FD), so that nothing sent is ever cut off by us.
constexpr std::size_t kKernelDescriptors = 253;

std::vector<UniqueFd> take_descriptors(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Received receive_packet(int socket, std::size_t max_bytes) {
  // One byte more than allowed, so that a packet that is too long shows.
  std::string bytes(max_bytes + 1, '\0');
  alignas(cmsghdr) char control[CMSG_SPACE(kKernelDescriptors * sizeof(int))];
  for (;;) {
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET says that the other end closed without having read all of ours, and comes once
    // *before* the packets that it had sent: those are what a crashed supervisor leaves.
    if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (size < 0 && is_shortage(errno)) return {.kind = ReceiveKind::nothing};
    if (size <= 0) return {.kind = ReceiveKind::closed};
    Received received{.kind = ReceiveKind::packet};
    received.packet.fds = take_descriptors(message);
    received.packet.truncated = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
    bytes.resize(static_cast<std::size_t>(size));
    received.packet.bytes = std::move(bytes);
    return received;
  }
}

Status send_packet(int socket, std::string_view bytes, std::span<const int> fds) {
  std::string copy(bytes);
  iovec part{.iov_base = copy.data(), .iov_len = copy.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kKernelDescriptors * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == ECONNRESET) return fail_errno("send to the other end of the pair", EPIPE);
    return fail_errno("send to the other end of the pair", errno);
  }
}

}  // namespace superd::keeper
