#include "os/accept_queue.h"

#include <array>
#include <cerrno>

#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/unique_fd.h"
#include "os/netlink_message.h"

namespace superd::os {
namespace {

Result<AcceptQueue> tcp_queue(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return fail_errno("TCP_INFO", errno);
  }
  // Of a listening socket these two are its queue.
  return AcceptQueue{.length = info.tcpi_unacked, .limit = info.tcpi_sacked};
}

Result<AcceptQueue> unix_queue(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno("fstat of a socket", errno);
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return fail_errno("NETLINK_SOCK_DIAG", errno);
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_ino = static_cast<std::uint32_t>(status.st_ino);
  request.udiag_show = UDIAG_SHOW_RQLEN;
  request.udiag_cookie[0] = ~0U;
  request.udiag_cookie[1] = ~0U;
  if (Status asked = ask_sock_diag(netlink.get(), request, 0); !asked) {
    return tl::unexpected(asked.error());
  }
  std::array<std::byte, 4096> buffer{};
  const ssize_t got = ::recv(netlink.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return fail_errno("sock_diag", errno);
  const auto queue = parse_unix_queue(std::span(buffer).first(static_cast<std::size_t>(got)));
  if (!queue) return fail_errno("sock_diag", ENOENT);
  return *queue;
}

}  // namespace

std::optional<AcceptQueue> parse_unix_queue(std::span<const std::byte> packet) {
  const auto header = read_as<nlmsghdr>(packet);
  if (!header || header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  if (header->nlmsg_len > packet.size()) return std::nullopt;
  packet = packet.first(header->nlmsg_len);
  if (packet.size() < sizeof *header + sizeof(unix_diag_msg)) return std::nullopt;
  const auto value =
      find_attribute(behind(packet, sizeof *header + sizeof(unix_diag_msg)), UNIX_DIAG_RQLEN);
  const auto queue = value ? read_as<unix_diag_rqlen>(*value) : std::nullopt;
  if (!queue) return std::nullopt;
  return AcceptQueue{.length = queue->udiag_rqueue, .limit = queue->udiag_wqueue};
}

Result<AcceptQueue> accept_queue(int fd) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) {
    return fail_errno("SO_DOMAIN", errno);
  }
  if (family == AF_UNIX) return unix_queue(fd);
  if (family == AF_INET || family == AF_INET6) return tcp_queue(fd);
  return fail_errno("the socket", EAFNOSUPPORT);
}

}  // namespace superd::os
