#include "os/accept_queue.h"

#include <array>
#include <cstddef>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"

using namespace superd;
using namespace superd::os;

namespace {

struct Listening {
  UniqueFd fd;
  sockaddr_storage address{};
  socklen_t size = sizeof address;

  // On a free port, or a free abstract name.
  Listening(int family, int backlog) : fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
      reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof(sockaddr_in);
    } else {
      size = sizeof(sa_family_t);
    }
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd.get(), backlog) == 0);
    size = sizeof address;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  }

  UniqueFd connect() const {
    UniqueFd client(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    return client;
  }
};

}  // namespace

TEST_CASE("accept queue: it tells who waits, and how many may", "[os]") {
  for (const int family : {AF_INET, AF_UNIX}) {
    INFO("family " << family);
    const Listening socket(family, 7);
    CHECK(accept_queue(socket.fd.get()) == AcceptQueue{.length = 0, .limit = 7});
    const std::array clients{socket.connect(), socket.connect()};
    CHECK(accept_queue(socket.fd.get()) == AcceptQueue{.length = 2, .limit = 7});
    const UniqueFd taken(::accept4(socket.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(taken);
    CHECK(accept_queue(socket.fd.get()) == AcceptQueue{.length = 1, .limit = 7});
  }
}

TEST_CASE("accept queue: what is no socket has none", "[os]") {
  CHECK_FALSE(accept_queue(-1));
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(accept_queue(udp.get()));
}

TEST_CASE("accept queue: an answer that is cut or not one says nothing", "[os]") {
  CHECK_FALSE(parse_unix_queue({}));
  for (std::size_t size = 0; size < 64; ++size) {
    CHECK_FALSE(parse_unix_queue(std::vector<std::byte>(size, std::byte{0x14})));
  }
}
