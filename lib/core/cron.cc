#include "core/cron.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::core {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// What the clock on the wall shows, as if it were UTC.
using WallTime = std::chrono::sys_seconds;

// The longest between two leap days, and more than a schedule can need.
constexpr days kHorizon{3660};
// Offsets of a zone are looked up so far on both sides of a time: no gap is longer.
constexpr hours kAround{24};

struct FieldRule {
  std::string_view name;
  int min = 0;
  int max = 0;
  std::span<const std::string_view> words{};  // from `min` on
};
constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr FieldRule kMinute{.name = "minute", .min = 0, .max = 59};
constexpr FieldRule kHour{.name = "hour", .min = 0, .max = 23};
constexpr FieldRule kDay{.name = "day of the month", .min = 1, .max = 31};
constexpr FieldRule kMonth{.name = "month", .min = 1, .max = 12, .words = kMonths};
constexpr FieldRule kWeekday{.name = "day of the week", .min = 0, .max = 7, .words = kWeekdays};

struct Macro {
  std::string_view name;
  std::string_view fields;
};
constexpr Macro kMacros[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

Result<int> parse_value(std::string_view text, const FieldRule& rule) {
  const auto word = std::find(rule.words.begin(), rule.words.end(), lower(text));
  if (word != rule.words.end()) return rule.min + static_cast<int>(word - rule.words.begin());
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value < rule.min || value > rule.max) {
    return fail(fmt::format(
        "{}: {} is not {} to {}{}", rule.name, quoted(text), rule.min, rule.max,
        rule.words.empty() ? "" : ", nor a name such as \"" + std::string(rule.words[1]) + "\""));
  }
  return value;
}

// One part of a list: `*`, `5`, `1-5`, each also with `/STEP`.
Result<std::vector<int>> parse_part(std::string_view text, const FieldRule& rule) {
  const auto slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), step);
    const bool whole = error == std::errc() && end == number.data() + number.size();
    if (!whole || step < 1) {
      return fail(fmt::format("{}: the step {} is no number above 0", rule.name, quoted(number)));
    }
  }
  int first = rule.min;
  int last = rule.max == 7 ? 6 : rule.max;  // `*` has Sunday once
  if (range != "*") {
    const auto dash = range.find('-');
    const auto low = parse_value(range.substr(0, dash), rule);
    if (!low) return tl::unexpected(low.error());
    first = *low;
    if (dash != std::string_view::npos) {
      const auto high = parse_value(range.substr(dash + 1), rule);
      if (!high) return tl::unexpected(high.error());
      last = *high;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
    if (first > last) {
      return fail(fmt::format("{}: the range {} goes backwards", rule.name, quoted(range)));
    }
  }
  std::vector<int> values;
  for (long value = first; value <= last; value += step) values.push_back(static_cast<int>(value));
  return values;
}

Result<std::vector<int>> parse_field(std::string_view text, const FieldRule& rule) {
  std::vector<int> values;
  for (const std::string& part : split(text, ',')) {
    const auto some = parse_part(part, rule);
    if (!some) return tl::unexpected(some.error());
    values.insert(values.end(), some->begin(), some->end());
  }
  return values;
}

Result<std::vector<std::string>> split_fields(std::string_view text) {
  std::vector<std::string> fields;
  for (const std::string& word : split(text, ' ')) {
    for (const std::string& field : split(word, '\t')) {
      if (!field.empty()) fields.push_back(field);
    }
  }
  if (fields.size() == 5) return fields;
  return fail(
      fmt::format("{} has {} fields, and five are needed: minute, hour, day of the month, month, "
                  "day of the week",
                  quoted(text), fields.size()));
}

bool fits(const Cron& cron, const std::chrono::year_month_day& date, unsigned weekday) {
  if (!cron.months[static_cast<unsigned>(date.month())]) return false;
  const bool day = cron.days[static_cast<unsigned>(date.day())];
  const bool in_week = cron.weekdays[weekday];
  return !cron.any_day && !cron.any_weekday ? day || in_week : day && in_week;
}

// The next time on the wall, later than `after`, before `limit`.
std::optional<WallTime> next_on_wall(const Cron& cron, WallTime after, WallTime limit) {
  WallTime at = std::chrono::floor<minutes>(after) + minutes(1);
  while (at < limit) {
    const auto day = std::chrono::floor<days>(at);
    if (!fits(cron, day, std::chrono::weekday(day).c_encoding())) {
      at = day + days(1);
      continue;
    }
    const auto into = at - day;
    const auto hour = static_cast<std::size_t>(into / hours(1));
    if (!cron.hours[hour]) {
      at = day + (into / hours(1) + 1) * hours(1);
      continue;
    }
    if (cron.minutes[static_cast<std::size_t>(into % hours(1) / minutes(1))]) return at;
    at += minutes(1);
  }
  return std::nullopt;
}

// The first instant at which the clock on the wall shows the time or, where it leaves it out, a
// later one.
Instant instant_of(WallTime wall, const ZoneOffset& zone) {
  const seconds before = zone(wall - kAround);
  const seconds after = zone(wall + kAround);
  const Instant early = wall - std::max(before, after);
  const Instant late = wall - std::min(before, after);
  for (const Instant instant : {early, late}) {
    if (instant + zone(instant) == wall) return instant;
  }
  // It shows an earlier time at `early`, a later one at `late`.
  Instant low = early;
  Instant high = late;
  while (high - low > seconds(1)) {
    const Instant middle = low + (high - low) / 2;
    (middle + zone(middle) < wall ? low : high) = middle;
  }
  return high;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (trimmed.starts_with('@')) {
    const auto macro = std::ranges::find(kMacros, lower(trimmed), &Macro::name);
    if (macro != std::end(kMacros)) return parse_cron(macro->fields);
    std::vector<std::string> known;
    for (const Macro& one : kMacros) known.emplace_back(one.name);
    return fail(fmt::format("there is no {}{}", quoted(trimmed), did_you_mean(trimmed, known)));
  }
  const auto fields = split_fields(trimmed);
  if (!fields) return tl::unexpected(fields.error());
  Cron cron;
  const FieldRule* rules[] = {&kMinute, &kHour, &kDay, &kMonth, &kWeekday};
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const auto values = parse_field((*fields)[i], *rules[i]);
    if (!values) return tl::unexpected(values.error());
    for (const int value : *values) {
      const auto bit = static_cast<std::size_t>(value);
      if (i == 0) cron.minutes.set(bit);
      if (i == 1) cron.hours.set(bit);
      if (i == 2) cron.days.set(bit);
      if (i == 3) cron.months.set(bit);
      if (i == 4) cron.weekdays.set(bit % 7);
    }
  }
  cron.any_day = (*fields)[2].starts_with('*');
  cron.any_weekday = (*fields)[4].starts_with('*');
  const WallTime start = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
  if (!next_on_wall(cron, start, start + kHorizon)) {
    return fail(fmt::format("{} is on a day that never comes", quoted(trimmed)));
  }
  return cron;
}

std::optional<Instant> next_time(const Cron& cron, Instant after, const ZoneOffset& zone) {
  WallTime wall = after + zone(after);
  const WallTime limit = wall + kHorizon;
  while (const auto next = next_on_wall(cron, wall, limit)) {
    const Instant instant = instant_of(*next, zone);
    if (instant > after) return instant;
    // The clock shows it for the second time.
    wall = *next;
  }
  return std::nullopt;
}

bool Agenda::look(Instant now, const ZoneOffset& zone) {
  if (now > seen_ + kJump || now < seen_ - kJump) {
    seen_ = now;
    return false;
  }
  if (now <= seen_) return false;
  const auto next = next_time(cron_, seen_, zone);
  seen_ = now;
  return next && *next <= now;
}

}  // namespace superd::core
