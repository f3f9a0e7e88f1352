#include <string>

#include <catch2/catch.hpp>

#include "keeper/fd_name.h"

using namespace superd::keeper;

TEST_CASE("fd names: an item's name survives LISTEN_FDNAMES, whatever is in it", "[keeper]") {
  CHECK(to_fd_name("listen/127.0.0.1:8000") == "listen/127.0.0.1%3A8000");
  CHECK(to_fd_name("listen/[::1]:80") == "listen/[%3A%3A1]%3A80");
  for (const std::string item : {"listen/unix:/run/a b%3A.sock", "listen/unix:/run/\xc3\xa4",
                                 "\x01\x7f", "%", "%%25", "plain"}) {
    const auto name = to_fd_name(item);
    REQUIRE(name);
    CHECK(name->find(':') == std::string::npos);
    CHECK(from_fd_name(*name) == item);
  }
}

TEST_CASE("fd names: one that would be longer than 255 bytes is none", "[keeper]") {
  CHECK(to_fd_name(std::string(255, 'x')));
  CHECK_FALSE(to_fd_name(std::string(256, 'x')));
  CHECK_FALSE(to_fd_name(std::string(86, ':')));
  CHECK_FALSE(to_fd_name(""));
}

TEST_CASE("fd names: what superd does not write is not read", "[keeper]") {
  for (const char* name : {"", "%", "%4", "%zz", "%3a", "%41", "a b", "a:b", "%+1", "\xff"}) {
    CHECK_FALSE(from_fd_name(name));
  }
}
