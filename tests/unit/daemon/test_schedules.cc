#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/schedules.h"
#include "daemon/wishes.h"

namespace superd::daemon {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;

// TZ for as long as it lives.
class Zone {
 public:
  explicit Zone(const char* zone) {
    if (const char* value = ::getenv("TZ")) before_ = value;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

 private:
  std::optional<std::string> before_;
};

core::Instant at(int year, unsigned month, unsigned day, int hour) {
  return sys_days(year_month_day{std::chrono::year(year), std::chrono::month(month),
                                 std::chrono::day(day)}) +
         hours(hour);
}

}  // namespace

TEST_CASE("schedule: the zone is superd's own, with its summer time", "[daemon]") {
  // With zone data or without: the rule is in the text.
  for (const char* name : {"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin"}) {
    const std::string file = std::string("/usr/share/zoneinfo/") + name;
    if (std::string(name).find('/') != std::string::npos && ::access(file.c_str(), R_OK) != 0) {
      continue;
    }
    const Zone zone(name);
    CHECK(local_offset(at(2026, 1, 15, 12)) == 1h);
    CHECK(local_offset(at(2026, 7, 15, 12)) == 2h);
    const auto half_past_two = core::parse_cron("30 2 * * *");
    REQUIRE(half_past_two);
    // Left out on 29 March, shown twice on 25 October.
    CHECK(core::next_time(*half_past_two, at(2026, 3, 28, 12), local_offset) == at(2026, 3, 29, 1));
    CHECK(core::next_time(*half_past_two, at(2026, 10, 24, 12), local_offset) ==
          at(2026, 10, 25, 0) + 30min);
    CHECK(core::next_time(*half_past_two, at(2026, 10, 25, 0) + 30min, local_offset) ==
          at(2026, 10, 26, 1) + 30min);
  }
}

TEST_CASE("schedule: superd that has none has no timer for it", "[daemon]") {
  auto loop = loop::Loop::create();
  REQUIRE(loop);
  Schedules schedules(*loop, [](const std::string&) {});
  core::GroupSpec web;
  web.name = "web";
  web.recycle.schedule = *core::parse_cron("0 0 1 1 *");
  schedules.set({web});
  web.recycle.schedule.reset();
  schedules.set({web});
  // Returns because nothing is armed.
  loop->run();
}

TEST_CASE("a worker's wish: each group has its own rate", "[daemon]") {
  Wishes wishes;
  const core::TimePoint now = core::TimePoint{} + 1h;
  for (int i = 0; i < Wishes::kBurst; ++i) CHECK_FALSE(wishes.ask("web", now));
  CHECK(wishes.ask("web", now) == 1s);
  CHECK_FALSE(wishes.ask("api", now));
  CHECK_FALSE(wishes.ask("web", now + 1s));
}

}  // namespace superd::daemon
