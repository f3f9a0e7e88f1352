#include "logs/stamp.h"

#include <cstdint>
#include <ctime>

namespace superd::logs {
namespace {

// Writes `value` with leading zeros into the `digits` characters that end before `end`.
void put_digits(char* end, int digits, std::int64_t value) {
  for (int i = 1; i <= digits; ++i, value /= 10) end[-i] = static_cast<char>('0' + value % 10);
}

}  // namespace

Stamp wall_clock() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return Stamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::string to_string(Stamp stamp) {
  using std::chrono::floor;
  const auto day = floor<std::chrono::days>(stamp);
  const auto second = floor<std::chrono::seconds>(stamp);
  const std::chrono::year_month_day date(day);
  const std::int64_t of_day = (second - day).count();
  std::string text = "0000-00-00T00:00:00.000000000Z";
  char* start = text.data();
  put_digits(start + 4, 4, static_cast<int>(date.year()));
  put_digits(start + 7, 2, static_cast<unsigned>(date.month()));
  put_digits(start + 10, 2, static_cast<unsigned>(date.day()));
  put_digits(start + 13, 2, of_day / 3600);
  put_digits(start + 16, 2, of_day / 60 % 60);
  put_digits(start + 19, 2, of_day % 60);
  put_digits(start + 29, 9, (stamp - second).count());
  return text;
}

}  // namespace superd::logs
