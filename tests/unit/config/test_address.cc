#include <string>

#include <catch2/catch.hpp>

#include "config/address.h"

using namespace superd;
using namespace superd::config;
using Catch::Matchers::Contains;

TEST_CASE("a listening address is a literal IP and a port, or unix: and a path", "[config]") {
  const struct {
    std::string text;
    std::string address;
    core::Family family;
  } rows[] = {
      {"127.0.0.1:8000", "127.0.0.1:8000", core::Family::tcp4},
      {"localhost:80", "127.0.0.1:80", core::Family::tcp4},
      {"0.0.0.0:8000", "0.0.0.0:8000", core::Family::tcp4},
      {":8000", "0.0.0.0:8000", core::Family::tcp4},
      {"*:8000", "0.0.0.0:8000", core::Family::tcp4},
      {"[::1]:8000", "[::1]:8000", core::Family::tcp6},
      {"[0:0:0::1]:8000", "[::1]:8000", core::Family::tcp6},
      {"[::]:65535", "[::]:65535", core::Family::tcp6},
      {"unix:/run/web.sock", "unix:/run/web.sock", core::Family::unix_path},
      {"unix:web.sock", "unix:web.sock", core::Family::unix_path},
      {"unix:///run/web.sock", "unix:/run/web.sock", core::Family::unix_path},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto listen = parse_address(row.text);
    REQUIRE(listen);
    CHECK(listen->address == row.address);
    CHECK(listen->family == row.family);
  }
  CHECK(parse_address("[::1]:8000")->host == "::1");
  CHECK(parse_address("[::1]:8000")->port == 8000);
  CHECK(parse_address("unix:/x")->path == "/x");
}

TEST_CASE("a bad address is refused with the way to write it", "[config]") {
  const struct {
    std::string text;
    std::string message;
  } rows[] = {
      {"example.com:80", "is no IP address: superd looks up no names"},
      {"8000", "write \"127.0.0.1:8000\""},
      {"127.0.0.1", "has no port"},
      {"", "has no port"},
      {"127.0.0.1:0", "\"0\" is no port"},
      {"127.0.0.1:65536", "is no port"},
      {"127.0.0.1:+80", "is no port"},
      {"127.0.0.1:", "\"\" is no port"},
      {"1.2.3:80", "is no IP address"},
      {"::1:8000", "write IPv6 as \"[::1]:8000\""},
      {"[::1]", "write IPv6 as"},
      {"[::1]8000", "write IPv6 as"},
      {"[::zz]:80", "is no IPv6 address"},
      {"[fe80::1%eth0]:80", "is no IPv6 address"},
      {"[::ffff:1.2.3.4]:80", "IPv4 address written as IPv6"},
      {"/run/web.sock", "write \"unix:/run/web.sock\""},
      {"tcp://127.0.0.1:80", "write it without \"tcp://\""},
      {"unix:", "needs a path"},
      {"unix:@web", "abstract sockets"},
      {"unix:/run/", "names a directory"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto listen = parse_address(row.text);
    REQUIRE_FALSE(listen);
    CHECK_THAT(listen.error().message, Contains(row.message));
  }
}

TEST_CASE("two addresses collide where both cannot be bound", "[config]") {
  const auto collides = [](const char* a, const char* b) {
    const auto first = *parse_address(a);
    const auto second = *parse_address(b);
    CHECK(collide(first, second) == collide(second, first));
    return collide(first, second);
  };
  CHECK(collides("127.0.0.1:80", "localhost:80"));
  CHECK(collides("127.0.0.1:80", ":80"));
  CHECK(collides("[::1]:80", "[::]:80"));
  CHECK(collides("unix:/a", "unix:/a"));
  CHECK_FALSE(collides("127.0.0.1:80", "127.0.0.1:81"));
  CHECK_FALSE(collides("127.0.0.1:80", "127.0.0.2:80"));
  CHECK_FALSE(collides(":80", "[::]:80"));
  CHECK_FALSE(collides("unix:/a", "unix:/b"));
}
