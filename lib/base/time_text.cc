#include "base/time_text.h"

#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace superd {
namespace {

using std::chrono::system_clock;

// Takes what it reads off the front of the text.
class Reading {
 public:
  explicit Reading(std::string_view text) : rest_(text) {}

  // Exactly so many digits.
  std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  // `-`12
  std::optional<int> after(std::string_view marks, std::size_t digits) {
    if (!one_of(marks)) return std::nullopt;
    return number(digits);
  }
  std::optional<char> one_of(std::string_view marks) {
    if (rest_.empty() || marks.find(rest_.front()) == marks.npos) return std::nullopt;
    const char mark = rest_.front();
    rest_.remove_prefix(1);
    return mark;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::nanoseconds> fraction(Reading& reading) {
  std::chrono::nanoseconds all{0};
  if (!reading.one_of(".")) return all;
  int digits = 0;
  for (std::chrono::nanoseconds unit{100'000'000};; unit /= 10, ++digits) {
    const auto digit = reading.number(1);
    if (!digit) break;
    all += *digit * unit;
  }
  if (digits == 0) return std::nullopt;
  return all;
}

// East of Greenwich.
std::optional<std::chrono::minutes> offset(Reading& reading) {
  const auto mark = reading.one_of("Zz+-");
  if (!mark) return std::nullopt;
  if (*mark == 'Z' || *mark == 'z') return std::chrono::minutes(0);
  const auto hours = reading.number(2);
  const auto minutes = reading.after(":", 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto all = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return *mark == '-' ? -all : all;
}

std::optional<system_clock::time_point> read_time(std::string_view text) {
  Reading reading(text);
  const auto year = reading.number(4);
  const auto month = reading.after("-", 2);
  const auto day = reading.after("-", 2);
  const auto hour = reading.after("Tt ", 2);
  const auto minute = reading.after(":", 2);
  const auto second = reading.after(":", 2);
  if (!second || !year || !month || !day || !hour || !minute) return std::nullopt;
  const auto part = fraction(reading);
  const auto east = offset(reading);
  if (!part || !east || !reading.at_end()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second) - *east;
  return std::chrono::time_point_cast<system_clock::duration>(at + *part);
}

}  // namespace

Result<system_clock::time_point> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return fail(fmt::format("{} is no time such as 2026-11-23T04:00:00Z", quoted(text)));
}

}  // namespace superd
