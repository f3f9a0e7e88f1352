#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

TEST_CASE("recycle: a schedule is read as crontab has it", "[config]") {
  CHECK_FALSE(group_of("").recycle.schedule);
  const auto schedule = group_of("recycle = { schedule = '0 4 * * mon' }").recycle.schedule;
  REQUIRE(schedule);
  CHECK(*schedule == *core::parse_cron("0 4 * * 1"));
}

TEST_CASE("recycle: a schedule that is none is an error at its place", "[config]") {
  CHECK(errors_of("[group.web]\ncommand = ['x']\n[group.web.recycle]\nschedule = '0 25 * * *'\n") ==
        Strings{R"(4:12: group.web.recycle.schedule: hour: "25" is not 0 to 23)"});
  CHECK(errors_of("[group.web]\ncommand = ['x']\n[group.web.recycle]\nshedule = '@daily'\n") ==
        Strings{R"(4:1: unknown key "shedule" in [group.web.recycle], did you mean "schedule"?)"});
}
