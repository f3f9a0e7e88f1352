#include <catch2/catch.hpp>

#include "client/printable.h"

namespace superd::client {

TEST_CASE("printable: what a worker writes never acts on a terminal", "[client]") {
  CHECK(printable("\x1b]0;owned\x07") == R"(\x1b]0;owned\x07)");
  CHECK(printable("a\nb\tc\x7f") == R"(a\x0ab\x09c\x7f)");
  CHECK(printable("\xc2\x9b"
                  "31m") == R"(\u{009b}31m)");
  CHECK(printable("\xe2\x80\xae"
                  "txt.exe") == R"(\u{202e}txt.exe)");
}

TEST_CASE("printable: bytes that are no UTF-8 are shown as numbers", "[client]") {
  CHECK(printable("caf\xe9") == R"(caf\xe9)");
  CHECK(printable("\xc0\xaf") == R"(\xc0\xaf)");
  CHECK(printable("\xed\xa0\x80") == R"(\xed\xa0\x80)");
  CHECK(printable("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");
  CHECK(printable("\xe2\x82") == R"(\xe2\x82)");
}

TEST_CASE("printable: other text is left as it is", "[client]") {
  CHECK(printable("grüße, 世界 🙂") == "grüße, 世界 🙂");
  CHECK(printable("") == "");
  CHECK(printable_line("a\tb") == "a\tb");
}

TEST_CASE("printable: columns are counted by characters", "[client]") {
  CHECK(columns("") == 0);
  CHECK(columns("grüße") == 5);
}

}  // namespace superd::client
