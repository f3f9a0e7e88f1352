#include "os/listen_sight_diag.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/unique_fd.h"
#include "os/netlink_message.h"

namespace superd::os {
namespace {

constexpr std::uint32_t kEstablished = 1U << 1;
constexpr std::uint32_t kCloseWait = 1U << 8;
// The kernel's TCP_TIMEWAIT_LEN, and how it numbers the state and its timer.
constexpr std::uint8_t kTimeWaitState = 6;
constexpr std::uint32_t kTimeWait = 1U << kTimeWaitState;
constexpr std::uint8_t kTimeWaitTimer = 3;
constexpr std::chrono::milliseconds kTimeWaitLength = std::chrono::seconds(60);
// A dump never ends by itself where the kernel is broken; this one does.
constexpr int kMostPackets = 100'000;

std::optional<inet_diag_msg> tcp_connection(std::span<const std::byte> body,
                                            const Listener& listener) {
  const auto message = read_as<inet_diag_msg>(body);
  if (!message || message->idiag_family != listener.family) return std::nullopt;
  if (message->id.idiag_sport != htons(listener.port)) return std::nullopt;
  std::array<std::byte, sizeof message->id.idiag_src> source{};
  std::memcpy(source.data(), static_cast<const void*>(message->id.idiag_src), source.size());
  const std::vector<std::byte>& host = listener.host;
  const bool for_all =
      std::all_of(host.begin(), host.end(), [](auto b) { return b == std::byte{}; });
  if (!for_all && !std::equal(host.begin(), host.end(), source.begin())) return std::nullopt;
  return message;
}

// A path may be told with the NUL at its end; an abstract name begins with one and may have more.
std::string_view without_end(std::string_view name) {
  if (name.empty() || name.front() == '\0') return name;
  return name.substr(0, name.find('\0'));
}

std::optional<std::uint64_t> unix_connection(std::span<const std::byte> body,
                                             const Listener& listener) {
  const auto message = read_as<unix_diag_msg>(body);
  if (!message || message->udiag_ino == listener.inode) return std::nullopt;
  const auto value = find_attribute(behind(body, sizeof *message), UNIX_DIAG_NAME);
  if (!value) return std::nullopt;
  const std::string_view name =
      without_end(std::string_view(reinterpret_cast<const char*>(value->data()), value->size()));
  // An accepted connection has the name of its listener.
  if (name != listener.name) return std::nullopt;
  return message->udiag_ino;
}

void note_inode(DiagPart& part, std::uint64_t inode) {
  if (inode != 0) part.inodes.push_back(inode);
}

void note(DiagPart& part, const inet_diag_msg& message) {
  const bool is_over =
      message.idiag_state == kTimeWaitState && message.idiag_timer == kTimeWaitTimer;
  if (!is_over) return note_inode(part, message.idiag_inode);
  const auto left = std::chrono::milliseconds(message.idiag_expires);
  part.closed_ago.push_back(std::max(kTimeWaitLength - left, std::chrono::milliseconds(0)));
}

Status ask_for(int fd, const Listener& listener, std::uint32_t tcp_states) {
  if (listener.family == AF_UNIX) {
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = kEstablished;
    request.udiag_show = UDIAG_SHOW_NAME;
    return ask_sock_diag(fd, request, NLM_F_DUMP);
  }
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(listener.family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = tcp_states;
  request.id.idiag_sport = htons(listener.port);
  return ask_sock_diag(fd, request, NLM_F_DUMP);
}

Status set_name(Listener& listener, const sockaddr_storage& address, socklen_t size) {
  listener.family = address.ss_family;
  if (address.ss_family == AF_UNIX) {
    const auto& in = reinterpret_cast<const sockaddr_un&>(address);
    constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
    if (size <= kStart) return fail("the socket has no name", EINVAL);
    listener.name.assign(static_cast<const char*>(in.sun_path), size - kStart);
    listener.name = without_end(listener.name);
    return {};
  }
  std::span<const std::byte> host;
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    listener.port = ntohs(in.sin_port);
    host = std::as_bytes(std::span(&in.sin_addr, 1));
  } else if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    listener.port = ntohs(in.sin6_port);
    host = std::as_bytes(std::span(&in.sin6_addr, 1));
  } else {
    return fail_errno("the socket", EAFNOSUPPORT);
  }
  listener.host.assign(host.begin(), host.end());
  return {};
}

}  // namespace

Result<Listener> listener_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno("fstat of a socket", errno);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail_errno("getsockname", errno);
  }
  Listener listener;
  listener.inode = status.st_ino;
  constexpr unsigned kMinorBits = 20;
  listener.device = std::uint64_t{major(status.st_dev)} << kMinorBits | minor(status.st_dev);
  if (Status named = set_name(listener, address, size); !named) {
    return tl::unexpected(named.error());
  }
  return listener;
}

DiagPart parse_diag(std::span<const std::byte> packet, const Listener& listener) {
  DiagPart part;
  while (const auto header = read_as<nlmsghdr>(packet)) {
    const std::size_t size = header->nlmsg_len;
    if (size < sizeof *header || size > packet.size()) break;
    const auto body = packet.subspan(sizeof *header, size - sizeof *header);
    packet = behind(packet, size);
    if (header->nlmsg_type == NLMSG_DONE) {
      part.done = true;
      break;
    }
    if (header->nlmsg_type == NLMSG_ERROR) {
      part.done = true;
      part.code = -read_as<nlmsgerr>(body).value_or(nlmsgerr{.error = -EPROTO, .msg = {}}).error;
      break;
    }
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    if (listener.family == AF_UNIX) {
      if (const auto inode = unix_connection(body, listener)) note_inode(part, *inode);
    } else if (const auto message = tcp_connection(body, listener)) {
      note(part, *message);
    }
  }
  return part;
}

namespace {

// The whole answer as one part.
Result<DiagPart> dump(const Listener& listener, std::uint32_t tcp_states) {
  const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd) return fail_errno("NETLINK_SOCK_DIAG", errno);
  if (Status asked = ask_for(fd.get(), listener, tcp_states); !asked) {
    return tl::unexpected(asked.error());
  }
  DiagPart whole;
  std::vector<std::byte> buffer(32U << 10);
  for (int i = 0; i < kMostPackets; ++i) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("NETLINK_SOCK_DIAG", errno);
    const DiagPart part =
        parse_diag(std::span(buffer).first(static_cast<std::size_t>(got)), listener);
    whole.inodes.insert(whole.inodes.end(), part.inodes.begin(), part.inodes.end());
    whole.closed_ago.insert(whole.closed_ago.end(), part.closed_ago.begin(), part.closed_ago.end());
    if (part.code != 0) return fail_errno("NETLINK_SOCK_DIAG", part.code);
    if (part.done) return whole;
  }
  return fail("NETLINK_SOCK_DIAG does not end", EPROTO);
}

}  // namespace

Result<std::vector<std::uint64_t>> accepted_from(const Listener& listener) {
  Result<DiagPart> found = dump(listener, kEstablished | kCloseWait);
  if (!found) return tl::unexpected(found.error());
  std::sort(found->inodes.begin(), found->inodes.end());
  return std::move(found->inodes);
}

Result<std::vector<std::chrono::milliseconds>> closed_from(const Listener& listener) {
  if (listener.family == AF_UNIX) return std::vector<std::chrono::milliseconds>{};
  Result<DiagPart> found = dump(listener, kTimeWait);
  if (!found) return tl::unexpected(found.error());
  return std::move(found->closed_ago);
}

}  // namespace superd::os
