#include "os/accept_queue.h"

#include <cerrno>
#include <vector>

#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/netlink_message.h"
#include "os/unix_diag.h"

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
  const Result<std::vector<std::byte>> told = ask_unix_diag(fd, UDIAG_SHOW_RQLEN);
  if (!told) return tl::unexpected(told.error());
  const auto queue = parse_unix_queue(*told);
  if (!queue) return fail_errno("sock_diag", ENOENT);
  return *queue;
}

}  // namespace

std::optional<AcceptQueue> parse_unix_queue(std::span<const std::byte> packet) {
  const auto value = unix_diag_value(packet, UNIX_DIAG_RQLEN);
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
