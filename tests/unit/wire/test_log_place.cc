#include <limits>

#include <catch2/catch.hpp>

#include "wire/log_place.h"

namespace superd::wire {
namespace {

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("places: packed they read back the same, whatever their numbers", "[wire]") {
  const std::vector<LogPlace> places{
      {.offset = 812},
      {.worker = 1, .file = 0, .offset = 0},
      {.worker = 127, .file = 1, .offset = 127},
      {.worker = 128, .file = 0x0102030405060708, .offset = 128},
      {.worker = std::numeric_limits<int>::max(), .file = kMost, .offset = kMost}};
  const std::string text = to_packed_text(places);
  CHECK(
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);
  const auto back = parse_log_places(text);
  REQUIRE(back);
  REQUIRE(back->size() == places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK((*back)[i].worker == places[i].worker);
    CHECK((*back)[i].file == places[i].file);
    CHECK((*back)[i].offset == places[i].offset);
  }
}

TEST_CASE("places: a text that is torn, too long or none of a place is refused", "[wire]") {
  const std::string text = to_packed_text({{.worker = 3, .file = kMost, .offset = 4711}});
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    INFO(text.substr(0, size));
    CHECK_FALSE(parse_log_places(text.substr(0, size)));
  }
  for (const char* bad : {"p-", "p-!", "p-AQ,1-2-3", "p-gICAgICAgICAgIAB", "p-_____w8B", "q-AAA"}) {
    INFO(bad);
    CHECK_FALSE(parse_log_places(bad));
  }
}

}  // namespace superd::wire
