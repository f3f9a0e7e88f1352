#include "os/listen_socket.h"

#include <cerrno>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/process_table.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

ListenRequest loopback(std::uint16_t port = 0) {
  ListenRequest request;
  request.host = "127.0.0.1";
  request.port = port;
  return request;
}

std::uint16_t port_of(int fd) {
  const std::string address = *local_address(fd);
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("listen: a TCP socket takes connections, blocks, and is closed on exec", "[os]") {
  const Result<UniqueFd> listener = open_listen_socket(loopback());
  REQUIRE(listener);
  const int fd = listener->get();
  CHECK(option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
  CHECK(option(fd, SOL_SOCKET, SO_REUSEADDR) == 1);
  CHECK(option(fd, SOL_SOCKET, SO_REUSEPORT) == 0);
  CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  CHECK(::fcntl(fd, F_GETFD) == FD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_of(fd));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

TEST_CASE(
    "listen: a descriptor from elsewhere is a listening stream socket of its address, or it is "
    "told what it is",
    "[os]") {
  const Result<UniqueFd> listener = open_listen_socket(loopback());
  REQUIRE(listener);
  const std::string address = *local_address(listener->get());
  CHECK(check_listen_socket(listener->get(), address));
  CHECK(check_listen_socket(listener->get(), "127.0.0.1:1").error().message ==
        "it listens on " + address);
  const UniqueFd datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(check_listen_socket(datagram.get(), address).error().message ==
        "it is not a stream socket");
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(check_listen_socket(silent.get(), address).error().message ==
        "it is a socket that does not listen");
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(check_listen_socket(null.get(), address).error().message == "it is not a socket");
  CHECK(check_listen_socket(-1, address).error().message == "it is not open");
}

TEST_CASE("listen: an IPv6 socket is for IPv6 alone, so that both can have one port", "[os]") {
  ListenRequest request = loopback();
  request.family = SocketFamily::tcp6;
  request.host = "::1";
  const Result<UniqueFd> six = open_listen_socket(request);
  if (!six) return skip(six.error().message);
  CHECK(option(six->get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  CHECK(*local_address(six->get()) == fmt::format("[::1]:{}", port_of(six->get())));
}

TEST_CASE("listen: an address in use names the program that has it", "[os]") {
  const Result<UniqueFd> first = open_listen_socket(loopback());
  REQUIRE(first);
  const ListenRequest same = loopback(port_of(first->get()));
  const Result<UniqueFd> second = open_listen_socket(same);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == EADDRINUSE);
  CHECK(second.error().message ==
        fmt::format("{} is in use by {} (PID {}): stop it or choose another address",
                    to_string(same), read_process(::getpid())->command, ::getpid()));
}

TEST_CASE("listen: an address that is not this machine's, or no address, is told", "[os]") {
  ListenRequest request = loopback();
  request.host = "192.0.2.1";
  CHECK(open_listen_socket(request).error().message ==
        "192.0.2.1:0 is not an address of this machine");
  request.host = "localhost";
  CHECK(open_listen_socket(request).error().code == EINVAL);
}

TEST_CASE("listen: a backlog that a runner made smaller is put right", "[os]") {
  ListenRequest request = loopback();
  request.backlog = 64;
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  CHECK_FALSE(restore_listen_socket(listener->get(), request)->backlog);
  REQUIRE(::listen(listener->get(), 5) == 0);
  CHECK(restore_listen_socket(listener->get(), request)->backlog);
  CHECK_FALSE(restore_listen_socket(listener->get(), request)->backlog);
  CHECK_FALSE(restore_listen_socket(listener->get(), request)->path);
}

TEST_CASE("listen: a runner's O_NONBLOCK is left as it is", "[os]") {
  const ListenRequest request = loopback();
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  REQUIRE(::fcntl(listener->get(), F_SETFL, O_NONBLOCK) == 0);
  REQUIRE(restore_listen_socket(listener->get(), request));
  CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
}
