#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/handover.h"

using namespace superd;
using namespace superd::keeper;
using namespace std::chrono_literals;

namespace {

Handover full() {
  Handover state;
  state.items = {{.name = "listen/127.0.0.1:80", .fds = {10}},
                 {.name = "out/7/web.1", .fds = {11, 12}}};
  state.pending_signals = {1, 10};
  state.exits_read = 20;
  state.exits_write = 21;
  state.runtime_dir = 22;
  state.ready = 23;
  state.guard = 25;
  state.supervisor = {.pid = 100, .link = 24};
  state.logger = {.pid = 101, .link = -1};
  state.started = true;
  state.notify_socket = "@systemd";
  state.watchdog = 90s;
  return state;
}

std::string field(std::int32_t tag, const std::string& value) {
  const auto size = static_cast<std::int32_t>(value.size());
  std::string text(8, '\0');
  std::memcpy(text.data(), &tag, 4);
  std::memcpy(text.data() + 4, &size, 4);
  return text + value;
}

}  // namespace

TEST_CASE("handover: what one keeper writes another one reads as it was", "[keeper]") {
  const auto read = decode_handover(encode(full()));
  REQUIRE(read);
  REQUIRE(read->items.size() == 2);
  CHECK(read->items[1].name == "out/7/web.1");
  CHECK(read->items[1].fds == std::vector<int>{11, 12});
  CHECK(read->pending_signals == std::vector<int>{1, 10});
  CHECK(read->exits_read == 20);
  CHECK(read->exits_write == 21);
  CHECK(read->runtime_dir == 22);
  CHECK(read->ready == 23);
  CHECK(read->guard == 25);
  CHECK(read->supervisor.pid == 100);
  CHECK(read->supervisor.link == 24);
  CHECK(read->logger.pid == 101);
  CHECK(read->logger.link == -1);
  CHECK(read->started);
  CHECK(read->notify_socket == "@systemd");
  CHECK(read->watchdog == 90s);
  CHECK(descriptors_of(*read) == std::vector<int>{10, 11, 12, 20, 21, 22, 25, 23, 24});
}

TEST_CASE("handover: fields of a later superd are ignored, those that are missing are as usual",
          "[keeper]") {
  const auto later = decode_handover(encode(full()) + field(999, "who knows") + field(-1, ""));
  REQUIRE(later);
  CHECK(later->items.size() == 2);
  Handover least;
  least.runtime_dir = 3;
  least.exits_read = 4;
  least.exits_write = 5;
  const auto read = decode_handover(encode(least));
  REQUIRE(read);
  CHECK(read->ready == -1);
  CHECK(read->guard == -1);
  CHECK(read->supervisor.pid == -1);
  CHECK_FALSE(read->started);
  CHECK(read->watchdog == 0s);
}

TEST_CASE("handover: what is cut anywhere is refused or lacks whole fields at its end only",
          "[keeper]") {
  const std::string whole = encode(full());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = decode_handover(whole.substr(0, size));
    if (read) CHECK(read->items.size() == 2);
  }
}

TEST_CASE("handover: another format, and what cannot be meant, is refused with the reason",
          "[keeper]") {
  const std::string whole = encode(full());
  std::string later = whole;
  later[7] = '2';
  const auto refused = [](const std::string& text) {
    const auto read = decode_handover(text);
    return read ? "" : read.error().message;
  };
  CHECK(refused(later) == "it is of another format");
  CHECK(refused("") == "it is of another format");
  CHECK(refused(whole + "x") == "it is cut");
  CHECK(refused(whole + field(4, "xy")) == "its field 4 makes no sense");
  const std::string one("\x01\0\0\0", 4);
  CHECK(refused(whole + field(1, one + std::string("\x1e\0\0\0", 4) + "a\nb")) ==
        "its field 1 makes no sense");
  CHECK(refused(whole + field(1, std::string("\xff\xff\xff\x7f", 4))) ==
        "its field 1 makes no sense");
  CHECK(refused(whole + field(1, one + std::string("\x14\0\0\0", 4) + "again")) ==
        "it names a descriptor twice");
  CHECK(refused(whole + field(1, one + std::string("\x01\0\0\0", 4) + "stdout")) ==
        "it names a standard descriptor");
  Handover homeless = full();
  homeless.runtime_dir = -1;
  CHECK(refused(encode(homeless)) == "it names no runtime directory");
  Handover deaf = full();
  deaf.exits_write = -1;
  CHECK(refused(encode(deaf)) == "it names no pipe of exit records");
}

TEST_CASE("handover: no bytes at all make the reader fail otherwise than by an error", "[keeper]") {
  std::mt19937 random(7);  // the same bytes in every run
  const std::string whole = encode(full());
  for (int i = 0; i < 20000; ++i) {
    std::string text = whole;
    for (int n = 0; n < 3; ++n) {
      text[8 + random() % (text.size() - 8)] = static_cast<char>(random());
    }
    (void)decode_handover(text);
  }
}

TEST_CASE("handover: it is sealed, and survives the way through a descriptor", "[keeper]") {
  const auto fd = write_handover(full());
  REQUIRE(fd);
  CHECK(::write(fd->get(), "x", 1) == -1);
  CHECK(::fcntl(fd->get(), F_GETFD) == FD_CLOEXEC);
  const auto read = read_handover(fd->get());
  REQUIRE(read);
  CHECK(read->items.size() == 2);
  CHECK_FALSE(read_handover(-1));
}
