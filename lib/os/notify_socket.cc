#include "os/notify_socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/unix_address.h"

namespace superd::os {
namespace {

// Newer than the headers of Debian 12.
constexpr int kSoPassPidfd = 76;
constexpr int kScmPidfd = 0x04;
// What systemd takes at most, from where the programs have their habits.
constexpr std::size_t kMostBytes = 4096;
constexpr std::size_t kMostDescriptors = 253;

Status set_options(int fd) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail_errno("cannot ask for the senders' credentials", errno);
  }
  // Tells who sent also when the sender has ended; older kernels do without.
  ::setsockopt(fd, SOL_SOCKET, kSoPassPidfd, &on, sizeof on);
  return {};
}

struct Control {
  std::optional<ucred> credentials;
  UniqueFd pidfd;
};

// Every descriptor in the message is owned from here on, and but the pidfd closed at once.
Control read_control(msghdr& message) {
  Control control;
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET) continue;
    const std::size_t size = at->cmsg_len - CMSG_LEN(0);
    if (at->cmsg_type == SCM_CREDENTIALS && size >= sizeof(ucred)) {
      control.credentials.emplace();
      std::memcpy(&*control.credentials, CMSG_DATA(at), sizeof(ucred));
    }
    if (at->cmsg_type != SCM_RIGHTS && at->cmsg_type != kScmPidfd) continue;
    for (std::size_t offset = 0; offset + sizeof(int) <= size; offset += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(at) + offset, sizeof fd);
      UniqueFd owned(fd);
      if (at->cmsg_type == kScmPidfd) control.pidfd = std::move(owned);
    }
  }
  return control;
}

std::string_view without_final_nul(std::string_view text) {
  if (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<UniqueFd> bind_notify_socket(const std::string& path) {
  const Result<UnixAddress> address = unix_address(path);
  if (!address) return tl::unexpected(address.error());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("cannot make a socket", errno);
  if (Status set = set_options(fd.get()); !set) return tl::unexpected(set.error());
  if (::bind(fd.get(), address->get(), address->size) != 0) {
    return fail_errno(fmt::format("cannot bind {}", path), errno);
  }
  if (::chmod(path.c_str(), 0666) != 0) {
    const int code = errno;
    ::unlink(path.c_str());
    return fail_errno(fmt::format("cannot set the mode of {}", path), code);
  }
  return fd;
}

Result<Receive> receive_notification(int fd) {
  std::array<char, kMostBytes> text;
  constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int)) +
                                        CMSG_SPACE(kMostDescriptors * sizeof(int));
  alignas(cmsghdr) std::array<char, kControlBytes> control_bytes;
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control_bytes.data();
  message.msg_controllen = control_bytes.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return Receive{};
  if (got < 0) return fail_errno("cannot receive a notification", errno);

  Control control = read_control(message);
  const std::string_view body = without_final_nul({text.data(), static_cast<std::size_t>(got)});
  const bool cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  const bool odd =
      static_cast<std::size_t>(got) >= kMostBytes || body.find('\0') != std::string_view::npos;
  Receive receive;
  receive.outcome = ReceiveOutcome::dropped;
  if (cut || odd || !control.credentials || control.credentials->pid <= 0) return receive;
  receive.outcome = ReceiveOutcome::message;
  receive.message = {.notification = parse_notification(body),
                     .pid = control.credentials->pid,
                     .uid = control.credentials->uid,
                     .gid = control.credentials->gid,
                     .pidfd = std::move(control.pidfd)};
  return receive;
}

}  // namespace superd::os
