#include "base/units.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace superd {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct DurationUnit {
  std::string_view name;
  milliseconds size;
};
// From large to small, as they are written.
constexpr std::array<DurationUnit, 5> kDurationUnits = {{{"d", std::chrono::hours(24)},
                                                         {"h", std::chrono::hours(1)},
                                                         {"m", std::chrono::minutes(1)},
                                                         {"s", std::chrono::seconds(1)},
                                                         {"ms", milliseconds(1)}}};
constexpr milliseconds kLongest = std::chrono::hours(24 * 3650);

struct SizeUnit {
  std::string_view name;
  unsigned shift;
};
constexpr std::array<SizeUnit, 4> kSizeUnits = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}}};

// Takes digits from the front of `text`; nothing where there are none or too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

tl::unexpected<Error> bad_duration(std::string_view text) {
  return fail(fmt::format("{} is not a duration: write \"250ms\", \"10s\", \"5m\" or \"1h30m\"",
                          quoted(text)));
}

// The unit that `text` begins with, which is taken away; one past the last unit where none is.
std::size_t take_duration_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
  const std::string_view name = text.substr(0, length);
  for (std::size_t i = 0; i < kDurationUnits.size(); ++i) {
    if (kDurationUnits[i].name != name) continue;
    text.remove_prefix(length);
    return i;
  }
  return kDurationUnits.size();
}

tl::unexpected<Error> bad_size(std::string_view text, std::string_view number,
                               std::string_view unit) {
  std::string name(unit);
  for (const SizeUnit& known : kSizeUnits) {
    // `50M`, `50MB` and `50mb` mean two things to two people.
    if (!name.empty() && (name[0] == known.name[0] || name[0] == (known.name[0] | 0x20))) {
      return fail(fmt::format("{} is not a size: units are powers of 1024, write \"{}{}\"",
                              quoted(text), number, known.name));
    }
  }
  return fail(
      fmt::format("{} is not a size: write \"512KiB\", \"50MiB\", \"2GiB\" or a number of bytes",
                  quoted(text)));
}

// Numbers 1 to 31 by name; the real-time ones are counted from both ends.
std::optional<int> named_signal(std::string_view name) {
  if (name == "IOT") return SIGABRT;
  if (name == "POLL") return SIGIO;
  for (int signal = 1; signal < 32; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return std::nullopt;
}

std::optional<int> realtime_signal(std::string_view name) {
  const bool from_start = name.substr(0, 5) == "RTMIN";
  if (!from_start && name.substr(0, 5) != "RTMAX") return std::nullopt;
  name.remove_prefix(5);
  const int base = from_start ? SIGRTMIN : SIGRTMAX;
  if (name.empty()) return base;
  if (name.front() != (from_start ? '+' : '-')) return std::nullopt;
  name.remove_prefix(1);
  const auto offset = take_number(name);
  if (!offset || !name.empty()) return std::nullopt;
  if (*offset > static_cast<std::uint64_t>(SIGRTMAX - SIGRTMIN)) return std::nullopt;
  return from_start ? base + static_cast<int>(*offset) : base - static_cast<int>(*offset);
}

std::vector<std::string> all_signal_names() {
  std::vector<std::string> names;
  for (int signal = 1; signal < 32; ++signal) names.push_back(signal_name(signal));
  names.emplace_back("RTMIN");
  names.emplace_back("RTMAX");
  return names;
}

std::string in_units(milliseconds left, std::size_t most) {
  std::string result;
  std::size_t used = 0;
  for (const DurationUnit& unit : kDurationUnits) {
    const auto count = left / unit.size;
    if (used > 0 && ++used > most) break;
    if (count == 0) continue;
    if (used == 0) used = 1;
    result += fmt::format("{}{}", count, unit.name);
    left -= count * unit.size;
  }
  return result.empty() ? "0s" : result;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  if (rest == "0") return nanoseconds(0);
  milliseconds total(0);
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    const auto number = take_number(rest);
    if (!number) return bad_duration(text);
    if (rest.empty()) {
      return fail(fmt::format("{} has no unit: write \"{}s\" for seconds", quoted(text), text));
    }
    const std::size_t unit = take_duration_unit(rest);
    if (unit == kDurationUnits.size() || unit < next_unit) return bad_duration(text);
    next_unit = unit + 1;
    const milliseconds size = kDurationUnits[unit].size;
    if (*number > static_cast<std::uint64_t>((kLongest - total) / size)) {
      return fail(fmt::format("{} is too long: at most 3650d", quoted(text)));
    }
    total += size * static_cast<milliseconds::rep>(*number);
  }
  if (next_unit == 0) return bad_duration(text);
  return nanoseconds(total);
}

std::string print_duration(nanoseconds duration) {
  return in_units(std::chrono::duration_cast<milliseconds>(duration), kDurationUnits.size());
}

std::string human_duration(nanoseconds duration) {
  const auto exact = std::chrono::duration_cast<milliseconds>(duration);
  if (exact < std::chrono::seconds(1)) return in_units(exact, 2);
  return in_units(std::chrono::floor<std::chrono::seconds>(exact), 2);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view unit = text;
  const auto number = take_number(unit);
  if (!number) return bad_size(text, "", "");
  if (unit.empty() || unit == "B") return *number;
  for (const SizeUnit& known : kSizeUnits) {
    if (known.name != unit) continue;
    // One bit is left for those who count in signed numbers.
    if (*number > (std::numeric_limits<std::uint64_t>::max() >> (known.shift + 1))) {
      return fail(fmt::format("{} is too large a size", quoted(text)));
    }
    return *number << known.shift;
  }
  return bad_size(text, text.substr(0, text.size() - unit.size()), unit);
}

std::string human_size(std::uint64_t bytes) {
  for (const SizeUnit& unit : kSizeUnits) {
    const std::uint64_t one = std::uint64_t{1} << unit.shift;
    if (bytes < one) continue;
    const double count = static_cast<double>(bytes) / static_cast<double>(one);
    const bool whole = bytes % one == 0 || count >= 100;
    return whole ? fmt::format("{:.0f}{}", count, unit.name)
                 : fmt::format("{:.1f}{}", count, unit.name);
  }
  return fmt::format("{}B", bytes);
}

Result<int> parse_signal(std::string_view text) {
  std::string_view digits = text;
  const auto number = take_number(digits);
  if (number && digits.empty()) {
    if (*number >= 1 && *number <= 64) return static_cast<int>(*number);
    return fail(fmt::format("{} is no signal: numbers go from 1 to 64", quoted(text)));
  }
  std::string name(text);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (name.substr(0, 3) == "SIG") name.erase(0, 3);
  if (const auto signal = named_signal(name)) return *signal;
  if (const auto signal = realtime_signal(name)) return *signal;
  return fail(
      fmt::format("unknown signal {}{}", quoted(text), did_you_mean(name, all_signal_names())));
}

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    if (signal == SIGRTMIN) return "RTMIN";
    return fmt::format("RTMIN+{}", signal - SIGRTMIN);
  }
  const char* name = signal > 0 && signal < 32 ? ::sigabbrev_np(signal) : nullptr;
  return name != nullptr ? std::string(name) : std::to_string(signal);
}

}  // namespace superd
