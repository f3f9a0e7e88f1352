#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "os/notify_socket.h"

using namespace superd::os;
using namespace std::chrono_literals;

TEST_CASE("notify: a message of several lines is read whole", "[os]") {
  const Notification read = parse_notification(
      "READY=1\nSTATUS=Serving 4 clients\nMAINPID=4711\nEXTEND_TIMEOUT_USEC=2500000\n"
      "STOPPING=1\nRELOADING=1\nMONOTONIC_USEC=1\nX_MINE=2\n");
  CHECK(read == Notification{.ready = true,
                             .stopping = true,
                             .reloading = true,
                             .status = "Serving 4 clients",
                             .extend_timeout = 2500ms,
                             .main_pid = 4711});
}

TEST_CASE("notify: only the value 1 means yes", "[os]") {
  for (const char* text : {"READY=0", "READY=", "READY", "READY=11", "READY =1", "ready=1",
                           " READY=1", "READY=1 ", "=READY=1", "XREADY=1", "READY=1\r"}) {
    CHECK_FALSE(parse_notification(text).ready);
  }
}

TEST_CASE("notify: numbers that are none, negative or too large do no harm", "[os]") {
  for (const char* pid : {"MAINPID=", "MAINPID=0", "MAINPID=1", "MAINPID=-5", "MAINPID=99999999999",
                          "MAINPID=12x", "MAINPID= 12", "MAINPID=0x12", "MAINPID=+12"}) {
    CHECK_FALSE(parse_notification(pid).main_pid);
  }
  CHECK_FALSE(parse_notification("EXTEND_TIMEOUT_USEC=-1").extend_timeout);
  CHECK_FALSE(parse_notification("EXTEND_TIMEOUT_USEC=1e9").extend_timeout);
  CHECK(parse_notification("EXTEND_TIMEOUT_USEC=18446744073709551615").extend_timeout == 24h);
  CHECK_FALSE(parse_notification("EXTEND_TIMEOUT_USEC=18446744073709551616").extend_timeout);
}

TEST_CASE("notify: a status loses its control characters and what is beyond 256 characters",
          "[os]") {
  CHECK(parse_notification("STATUS=a\x1b[31mb\tc\x7f"
                           "d\xc2\x9b"
                           "e")
            .status == "a[31mbcde");
  CHECK(parse_notification("STATUS=").status == "");
  const std::string long_text =
      parse_notification("STATUS=" + std::string(4000, 'x')).status.value();
  CHECK(long_text.size() == 256);
  std::string umlauts;
  for (int count = 0; count < 300; ++count) umlauts += "ü";
  CHECK(parse_notification("STATUS=" + umlauts).status->size() == 512);
}

TEST_CASE("notify: a status that is no UTF-8 is not taken", "[os]") {
  for (const char* bytes : {"\xff", "a\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf0\x80\x80\xaf", "\x80", "\xe2\x82"}) {
    CHECK_FALSE(parse_notification(std::string("STATUS=") + bytes).status);
  }
  CHECK(parse_notification("STATUS=€ 𝄞").status == "€ 𝄞");
}

TEST_CASE("notify: the last of equal names counts", "[os]") {
  const Notification read = parse_notification("STATUS=one\nREADY=1\nSTATUS=two\nREADY=0\n");
  CHECK(read.status == "two");
  CHECK_FALSE(read.ready);
}

TEST_CASE("notify: any bytes are read without harm", "[os]") {
  std::mt19937 random(7);
  const std::string words = "READY=1\nSTATUS=\xc3\xa4MAINPID=9EXTEND_TIMEOUT_USEC=\n=\0\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t size = random() % 60; text.size() < size;) {
      const std::size_t at = random() % words.size();
      text += words.substr(at, 1 + random() % 12);
    }
    const Notification read = parse_notification(text);
    if (read.status) CHECK(read.status->size() <= 1024);
    if (read.main_pid) CHECK(*read.main_pid > 1);
  }
}
