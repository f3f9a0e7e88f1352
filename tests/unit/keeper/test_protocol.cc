#include <cerrno>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "keeper/protocol.h"

using namespace superd::keeper;

TEST_CASE("packet: what is encoded is decoded as it was", "[keeper]") {
  for (int number = 1; number <= static_cast<int>(Op::peer); ++number) {
    const PacketHead head{.op = static_cast<Op>(number),
                          .part = number % 2 == 0 ? Part::more : Part::last,
                          .value = -number,
                          .descriptors = 250,
                          .name = std::string(kMaxName, 'n')};
    const auto decoded = decode(encode(head));
    REQUIRE(decoded);
    CHECK(decoded->op == head.op);
    CHECK(decoded->part == head.part);
    CHECK(decoded->value == head.value);
    CHECK(decoded->descriptors == head.descriptors);
    CHECK(decoded->name == head.name);
  }
}

TEST_CASE("packet: an operation of a newer superd is told apart from garbage", "[keeper]") {
  std::string packet = encode({.op = Op::put, .name = "web"});
  packet[4] = 77;
  const auto decoded = decode(packet);
  REQUIRE(!decoded);
  CHECK(decoded.error().code == ENOSYS);
  CHECK(decoded.error().message == "unknown operation 77");
}

TEST_CASE("packet: malformed ones are refused with the reason", "[keeper]") {
  const std::string good = encode({.op = Op::put, .descriptors = 2, .name = "web"});
  REQUIRE(decode(good));
  CHECK(decode(std::string()).error().code == EBADMSG);
  CHECK(decode(good.substr(0, kHeaderSize - 1)).error().code == EBADMSG);
  CHECK(decode(good.substr(0, good.size() - 1)).error().code == EBADMSG);
  CHECK(decode(good + "x").error().code == EBADMSG);
  for (std::size_t byte : {std::size_t{0}, std::size_t{7}, std::size_t{13}, std::size_t{15}}) {
    std::string bad = good;
    bad[byte] = '\x7f';
    CHECK_FALSE(decode(bad));
  }
  CHECK_FALSE(decode(encode({.op = Op::put, .name = std::string("we\0b", 4)})));
  CHECK_FALSE(decode(encode({.op = Op::put, .name = std::string(kMaxName + 1, 'n')})));
}

TEST_CASE("packet: no bytes at all make the decoder fail otherwise than by an error", "[keeper]") {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string packet = encode({.op = Op::put, .descriptors = 1, .name = "web.1"});
    const auto changes = random() % 4;
    for (unsigned i = 0; i < changes; ++i) {
      packet[random() % packet.size()] = static_cast<char>(random());
    }
    packet.resize(random() % (packet.size() + 4));
    const auto decoded = decode(packet);
    if (decoded) CHECK(encode(*decoded) == packet);
  }
}

TEST_CASE("item names: one to 200 bytes without control characters", "[keeper]") {
  CHECK(is_item_name("listen/web/socket"));
  CHECK(is_item_name(std::string(kMaxName, 'n')));
  CHECK_FALSE(is_item_name(""));
  CHECK_FALSE(is_item_name(std::string(kMaxName + 1, 'n')));
  CHECK_FALSE(is_item_name("a\nb"));
  CHECK_FALSE(is_item_name("a\x7f"));
}
