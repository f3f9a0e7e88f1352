#include "os/accept_queue.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace superd::os {
namespace {

template <class T>
std::optional<T> read_as(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::span<const std::byte> behind(std::span<const std::byte> bytes, std::size_t size) {
  return bytes.subspan(std::min(bytes.size(), (size + 3U) & ~std::size_t{3}));
}

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
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.request.sdiag_family = AF_UNIX;
  message.request.udiag_states = ~0U;
  message.request.udiag_ino = static_cast<std::uint32_t>(status.st_ino);
  message.request.udiag_show = UDIAG_SHOW_RQLEN;
  message.request.udiag_cookie[0] = ~0U;
  message.request.udiag_cookie[1] = ~0U;
  if (::send(netlink.get(), &message, sizeof message, 0) < 0) return fail_errno("sock_diag", errno);
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
  std::span<const std::byte> rest = behind(packet, sizeof *header + sizeof(unix_diag_msg));
  while (const auto attribute = read_as<rtattr>(rest)) {
    const std::size_t size = attribute->rta_len;
    if (size < sizeof *attribute || size > rest.size()) return std::nullopt;
    const auto value = rest.subspan(sizeof *attribute, size - sizeof *attribute);
    rest = behind(rest, size);
    if (attribute->rta_type != UNIX_DIAG_RQLEN) continue;
    const auto queue = read_as<unix_diag_rqlen>(value);
    if (!queue) return std::nullopt;
    return AcceptQueue{.length = queue->udiag_rqueue, .limit = queue->udiag_wqueue};
  }
  return std::nullopt;
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
