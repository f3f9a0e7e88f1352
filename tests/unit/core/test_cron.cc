#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/cron.h"

using namespace superd;
using namespace superd::core;
using namespace std::chrono_literals;

namespace {

// `2026-03-29 01:30` as an instant, were it UTC.
Instant at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute);
}

std::chrono::seconds utc(Instant) { return 0s; }

// Berlin in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
std::chrono::seconds berlin(Instant instant) {
  return instant >= at(2026, 3, 29, 1) && instant < at(2026, 10, 25, 1) ? 2h : 1h;
}

// Samoa left out the whole of 30 December 2011.
std::chrono::seconds apia(Instant instant) { return instant < at(2011, 12, 30, 10) ? -10h : 14h; }

Cron cron(const std::string& text) {
  const auto parsed = parse_cron(text);
  REQUIRE(parsed);
  return *parsed;
}

std::string error_of(const std::string& text) {
  const auto parsed = parse_cron(text);
  return parsed ? "" : parsed.error().message;
}

std::vector<Instant> next(const std::string& text, Instant after, const ZoneOffset& zone,
                          int count) {
  std::vector<Instant> instants;
  for (int i = 0; i < count; ++i) {
    const auto one = next_time(cron(text), after, zone);
    REQUIRE(one);
    instants.push_back(*one);
    after = *one;
  }
  return instants;
}

}  // namespace

TEST_CASE("schedule: five fields say when, in lists, ranges, steps and names", "[core]") {
  const Instant monday = at(2026, 11, 23, 12);
  CHECK(next("0 4 * * *", monday, utc, 2) == std::vector{at(2026, 11, 24, 4), at(2026, 11, 25, 4)});
  CHECK(next("*/20 * * * *", monday, utc, 3) ==
        std::vector{at(2026, 11, 23, 12, 20), at(2026, 11, 23, 12, 40), at(2026, 11, 23, 13)});
  CHECK(next("5/25 12 * * *", monday, utc, 2) ==
        std::vector{at(2026, 11, 23, 12, 5), at(2026, 11, 23, 12, 30)});
  CHECK(next("0 9-17/4,22 * * *", monday, utc, 3) ==
        std::vector{at(2026, 11, 23, 13), at(2026, 11, 23, 17), at(2026, 11, 23, 22)});
  CHECK(next("0 0 * * Fri,sun", monday, utc, 2) == std::vector{at(2026, 11, 27), at(2026, 11, 29)});
  CHECK(next("0 0 1 jan-feb *", monday, utc, 2) == std::vector{at(2027, 1, 1), at(2027, 2, 1)});
  CHECK(next(" 0\t0  29 2 * ", monday, utc, 1) == std::vector{at(2028, 2, 29)});
}

TEST_CASE("schedule: where both kinds of day are restricted, either will do", "[core]") {
  const Instant monday = at(2026, 11, 23, 12);
  CHECK(next("0 0 1 * 3", monday, utc, 2) == std::vector{at(2026, 11, 25), at(2026, 12, 1)});
  CHECK(next("0 0 */2 * 3", monday, utc, 1) == std::vector{at(2026, 11, 25)});
  CHECK(cron("0 0 * * 7") == cron("0 0 * * 0"));
  CHECK(cron("0 0 * * 5-7") == cron("0 0 * * fri,sat,sun"));
}

TEST_CASE("schedule: @daily and its like stand for five fields", "[core]") {
  CHECK(cron("@hourly") == cron("0 * * * *"));
  CHECK(cron("@daily") == cron("0 0 * * *"));
  CHECK(cron("@midnight") == cron("@daily"));
  CHECK(cron("@weekly") == cron("0 0 * * sun"));
  CHECK(cron("@monthly") == cron("0 0 1 * *"));
  CHECK(cron("@yearly") == cron("@annually"));
  CHECK(error_of("@dayly") == "there is no \"@dayly\", did you mean \"@daily\"?");
}

TEST_CASE("schedule: what is no schedule is told with the field", "[core]") {
  CHECK(error_of("0 4 * *") ==
        "\"0 4 * *\" has 4 fields, and five are needed: minute, hour, day of the month, month, day "
        "of the week");
  CHECK(error_of("60 4 * * *") == "minute: \"60\" is not 0 to 59");
  CHECK(error_of("0 24 * * *") == "hour: \"24\" is not 0 to 23");
  CHECK(error_of("0 4 0 * *") == "day of the month: \"0\" is not 1 to 31");
  CHECK(error_of("0 4 * foo *") == "month: \"foo\" is not 1 to 12, nor a name such as \"feb\"");
  CHECK(error_of("0 4 * * 8") ==
        "day of the week: \"8\" is not 0 to 7, nor a name such as \"mon\"");
  CHECK(error_of("0 9-5 * * *") == "hour: the range \"9-5\" goes backwards");
  CHECK(error_of("*/0 4 * * *") == "minute: the step \"0\" is no number above 0");
  CHECK(error_of("1,,2 4 * * *") == "minute: \"\" is not 0 to 59");
  CHECK(error_of("0 4 30 2 *") == "\"0 4 30 2 *\" is on a day that never comes");
  CHECK_FALSE(error_of("").empty());
}

TEST_CASE("schedule: a time that summer time leaves out is due at the first moment behind it",
          "[core]") {
  // 02:30 on 29 March does not exist in Berlin.
  CHECK(next("30 2 * * *", at(2026, 3, 27, 20), berlin, 3) ==
        std::vector{at(2026, 3, 28, 1, 30), at(2026, 3, 29, 1), at(2026, 3, 30, 0, 30)});
  // Four quarters of an hour are left out, and are due together.
  CHECK(next("*/15 * * * *", at(2026, 3, 29, 0, 45), berlin, 2) ==
        std::vector{at(2026, 3, 29, 1), at(2026, 3, 29, 1, 15)});
  CHECK(next("0 12 * * *", at(2011, 12, 29, 0), apia, 3) ==
        std::vector{at(2011, 12, 29, 22), at(2011, 12, 30, 10), at(2011, 12, 30, 22)});
}

TEST_CASE("schedule: a time that the clock shows twice is due the first time alone", "[core]") {
  // 02:30 on 25 October comes at 00:30 UTC and again at 01:30 UTC.
  CHECK(next("30 2 * * *", at(2026, 10, 24, 12), berlin, 2) ==
        std::vector{at(2026, 10, 25, 0, 30), at(2026, 10, 26, 1, 30)});
  CHECK(next("0 * * * *", at(2026, 10, 24, 23), berlin, 3) ==
        std::vector{at(2026, 10, 25, 0), at(2026, 10, 25, 2), at(2026, 10, 25, 3)});
  // Begun in the second of the two hours.
  CHECK(next("30 2 * * *", at(2026, 10, 25, 1, 10), berlin, 1) ==
        std::vector{at(2026, 10, 26, 1, 30)});
}

TEST_CASE("schedule: it acts once for each time, however seldom it looks", "[core]") {
  Agenda agenda(cron("0 4 * * *"), at(2026, 11, 23, 3, 59));
  CHECK_FALSE(agenda.look(at(2026, 11, 23, 3, 59) + 59s, utc));
  CHECK(agenda.look(at(2026, 11, 23, 4), utc));
  CHECK_FALSE(agenda.look(at(2026, 11, 23, 4), utc));
  CHECK_FALSE(agenda.look(at(2026, 11, 23, 4, 1), utc));
  Agenda often(cron("* * * * *"), at(2026, 11, 23, 4));
  CHECK(often.look(at(2026, 11, 23, 5), utc));
  CHECK_FALSE(often.look(at(2026, 11, 23, 5), utc));
}

TEST_CASE("schedule: a clock that is set by less than three hours loses and repeats nothing",
          "[core]") {
  Agenda agenda(cron("0 4 * * *"), at(2026, 11, 23, 3));
  CHECK(agenda.look(at(2026, 11, 23, 5), utc));        // ahead, over the time
  CHECK_FALSE(agenda.look(at(2026, 11, 23, 3), utc));  // back again
  CHECK_FALSE(agenda.look(at(2026, 11, 23, 4), utc));
  CHECK(agenda.look(at(2026, 11, 24, 4), utc) == false);  // a day later is a new beginning
  CHECK_FALSE(agenda.look(at(2026, 11, 25, 3), utc));
  CHECK_FALSE(agenda.look(at(2026, 11, 25, 3, 59), utc));
  CHECK(agenda.look(at(2026, 11, 25, 4), utc));
}
