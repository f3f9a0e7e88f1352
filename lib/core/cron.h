#pragma once

#include <bitset>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// When a schedule is due. Pure: the clock and the time zone come from outside.
namespace superd::core {

// Five fields as in crontab(5): minute, hour, day of the month, month, day of the week.
struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;     // 1 … 31
  std::bitset<13> months;   // 1 … 12
  std::bitset<7> weekdays;  // 0: Sunday
  // Where both are restricted a day is one that fits either; else one that fits both.
  bool any_day = true;
  bool any_weekday = true;

  friend bool operator==(const Cron&, const Cron&) = default;
};

// `0 4 * * *`: lists, ranges, steps (`*/15`, `1-5`, `0-30/10`, `5/20`), names of months and
// weekdays (`mon`, `jan`), 7 for Sunday, and @hourly @daily @midnight @weekly @monthly @yearly
// @annually. Fails with the field that is wrong, and for a day that never comes (30 February).
Result<Cron> parse_cron(std::string_view text);

using Instant = std::chrono::sys_seconds;
// How far a zone is ahead of UTC at an instant.
using ZoneOffset = std::function<std::chrono::seconds(Instant)>;

// The first instant after `after` at which the schedule is due by the zone's clock on the wall. A
// time that the clock leaves out is due at the first moment behind the gap; one that it shows twice
// is due the first time alone. Nothing: not within the next ten years.
std::optional<Instant> next_time(const Cron& cron, Instant after, const ZoneOffset& zone);

// One schedule beside a clock that may be set. Where the clock jumps by less than kJump (also
// because the machine slept), what was due in between is due once, and what was due already before
// the clock went back is not due again; a longer jump is a new beginning.
class Agenda {
 public:
  static constexpr std::chrono::hours kJump{3};

  Agenda(Cron cron, Instant now) : cron_(cron), seen_(now) {}

  // Whether it has become due since the last look.
  bool look(Instant now, const ZoneOffset& zone);

 private:
  Cron cron_;
  Instant seen_;
};

}  // namespace superd::core
