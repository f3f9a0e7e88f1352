#include <catch2/catch.hpp>

#include "base/time_text.h"

namespace superd {
namespace {

long long milliseconds(std::string_view text) {
  const auto time = parse_time(text);
  REQUIRE(time);
  return std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
}

TEST_CASE("time: a moment is read as RFC 3339 has it", "[base]") {
  CHECK(milliseconds("1970-01-01T00:00:00Z") == 0);
  CHECK(milliseconds("2026-11-23T04:00:00Z") == 1'795'406'400'000);
  CHECK(milliseconds("2026-11-23T04:00:00.25Z") == 1'795'406'400'250);
  CHECK(milliseconds("2026-11-23T05:30:00+01:30") == 1'795'406'400'000);
  CHECK(milliseconds("2026-11-22 23:00:00-05:00") == 1'795'406'400'000);
}

TEST_CASE("time: what is no moment is refused", "[base]") {
  for (const char* text :
       {"", "now", "2026-11-23", "2026-11-23T04:00Z", "2026-11-23T04:00:00", "2026-02-30T04:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T04:00:00.Z", "2026-11-23T04:00:00+1",
        "2026-11-23T04:00:00Z ", "26-11-23T04:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

}  // namespace
}  // namespace superd
