#include "os/listen_sight_diag.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "os/listen_socket.h"
#include "os/unix_address.h"
#include "os_test.h"

using namespace superd::os;
using superd::UniqueFd;

namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void append(Bytes& bytes, const T& value) {
  const auto part = std::as_bytes(std::span(&value, 1));
  bytes.insert(bytes.end(), part.begin(), part.end());
  while (bytes.size() % 4 != 0) bytes.push_back(std::byte{});
}

Bytes message(std::uint16_t type, const Bytes& body) {
  Bytes bytes;
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.nlmsg_type = type;
  append(bytes, header);
  bytes.insert(bytes.end(), body.begin(), body.end());
  while (bytes.size() % 4 != 0) bytes.push_back(std::byte{});
  return bytes;
}

Bytes tcp4(std::uint16_t port, std::uint32_t host, std::uint32_t inode) {
  inet_diag_msg body{};
  body.idiag_family = AF_INET;
  body.id.idiag_sport = htons(port);
  body.id.idiag_src[0] = htonl(host);
  body.idiag_inode = inode;
  Bytes bytes;
  append(bytes, body);
  return message(SOCK_DIAG_BY_FAMILY, bytes);
}

Bytes unix_named(const std::string& name, std::uint32_t inode) {
  unix_diag_msg body{};
  body.udiag_family = AF_UNIX;
  body.udiag_ino = inode;
  Bytes bytes;
  append(bytes, body);
  rtattr other{};
  other.rta_len = sizeof other + 4;
  other.rta_type = UNIX_DIAG_PEER;
  append(bytes, other);
  append(bytes, std::uint32_t{7});
  rtattr attribute{};
  attribute.rta_len = static_cast<std::uint16_t>(sizeof attribute + name.size());
  attribute.rta_type = UNIX_DIAG_NAME;
  append(bytes, attribute);
  const auto part = std::as_bytes(std::span(name));
  bytes.insert(bytes.end(), part.begin(), part.end());
  return message(SOCK_DIAG_BY_FAMILY, bytes);
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Listener tcp_listener(std::uint32_t host) {
  Listener listener;
  listener.family = AF_INET;
  listener.port = 8000;
  const std::uint32_t order = htonl(host);
  const auto bytes = std::as_bytes(std::span(&order, 1));
  listener.host.assign(bytes.begin(), bytes.end());
  return listener;
}

constexpr std::uint32_t kLoopback = 0x7f000001;

std::uint64_t inode_of(int fd) {
  struct stat status {};
  REQUIRE(::fstat(fd, &status) == 0);
  return status.st_ino;
}

ListenRequest listen_on(SocketFamily family, const std::string& where) {
  ListenRequest request;
  request.family = family;
  (family == SocketFamily::unix_path ? request.path : request.host) = where;
  return request;
}

UniqueFd connected_to(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::getsockname(listener, generic, &size) == 0);
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(fd.get(), generic, size) == 0);
  return fd;
}

}  // namespace

TEST_CASE("listening: connections are told by port, address and family", "[os]") {
  const Bytes packet =
      joined({tcp4(8000, kLoopback, 11), tcp4(8001, kLoopback, 12), tcp4(8000, 0x7f000002, 13),
              tcp4(8000, kLoopback, 0), message(NLMSG_DONE, Bytes(4))});
  const DiagPart one = parse_diag(packet, tcp_listener(kLoopback));
  CHECK(one.inodes == std::vector<std::uint64_t>{11});
  CHECK(one.done);
  CHECK(one.code == 0);
  CHECK(parse_diag(packet, tcp_listener(0)).inodes == std::vector<std::uint64_t>{11, 13});
}

TEST_CASE("listening: a unix connection has the name of its listener, which is not among them",
          "[os]") {
  Listener listener;
  listener.family = AF_UNIX;
  listener.inode = 20;
  listener.name = "/run/web.sock";
  const std::string with_end("/run/web.sock\0", 14);
  const Bytes packet =
      joined({unix_named(with_end, 20), unix_named(with_end, 21), unix_named("/run/web.sock", 22),
              unix_named("/run/web.sock2", 23), unix_named(std::string("\0run/web.sock", 13), 24)});
  const DiagPart part = parse_diag(packet, listener);
  CHECK(part.inodes == std::vector<std::uint64_t>{21, 22});
  CHECK_FALSE(part.done);
}

TEST_CASE("listening: an error of the kernel ends the dump with its number", "[os]") {
  Bytes body;
  nlmsgerr error{};
  error.error = -ENOENT;
  append(body, error);
  const DiagPart part = parse_diag(message(NLMSG_ERROR, body), tcp_listener(0));
  CHECK(part.done);
  CHECK(part.code == ENOENT);
}

TEST_CASE("listening: a packet that is cut off or garbled is read as far as it makes sense",
          "[os]") {
  Listener unix_listener;
  unix_listener.family = AF_UNIX;
  unix_listener.name = "/run/web.sock";
  const Bytes packet = joined({tcp4(8000, kLoopback, 11), unix_named("/run/web.sock", 22)});
  for (std::size_t size = 0; size <= packet.size(); ++size) {
    static_cast<void>(parse_diag(std::span(packet).first(size), tcp_listener(kLoopback)));
    static_cast<void>(parse_diag(std::span(packet).first(size), unix_listener));
  }
  std::mt19937 random(1);  // NOLINT: the same bytes every time
  for (int round = 0; round < 3000; ++round) {
    Bytes garbled = packet;
    for (int i = 0; i < 4; ++i) {
      garbled[random() % garbled.size()] = static_cast<std::byte>(random() % 256);
    }
    static_cast<void>(parse_diag(garbled, tcp_listener(kLoopback)));
    static_cast<void>(parse_diag(garbled, unix_listener));
  }
}

TEST_CASE("listening: the kernel tells the connections accepted from a socket", "[os]") {
  const test::TempDir dir;
  const std::vector<ListenRequest> requests{
      listen_on(SocketFamily::tcp4, "127.0.0.1"), listen_on(SocketFamily::tcp4, "0.0.0.0"),
      listen_on(SocketFamily::tcp6, "::1"), listen_on(SocketFamily::tcp6, "::"),
      listen_on(SocketFamily::unix_path, dir.path("web.sock"))};
  for (const ListenRequest& request : requests) {
    CAPTURE(to_string(request));
    const auto fd = open_listen_socket(request);
    if (!fd) {
      test::skip(fd.error().message);
      continue;
    }
    const auto listener = listener_of(fd->get());
    REQUIRE(listener);
    CHECK(listener->inode == inode_of(fd->get()));
    CHECK(accepted_from(*listener) == std::vector<std::uint64_t>{});
    const UniqueFd client = connected_to(fd->get());
    // It waits in the queue: nobody has accepted it.
    CHECK(accepted_from(*listener) == std::vector<std::uint64_t>{});
    const UniqueFd connection(::accept4(fd->get(), nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(accepted_from(*listener) == std::vector<std::uint64_t>{inode_of(connection.get())});
  }
}

TEST_CASE("listening: a descriptor that is no socket, or of another family, is refused", "[os]") {
  CHECK_FALSE(listener_of(-1));
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const auto of_pipe = listener_of(read_end.get());
  REQUIRE_FALSE(of_pipe);
  CHECK(of_pipe.error().code == ENOTSOCK);
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  CHECK(listener_of(netlink.get()).error().code == EAFNOSUPPORT);
}
