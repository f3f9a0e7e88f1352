#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Durations, sizes and signals as users write and read them.
namespace superd {

// `250ms`, `10s`, `5m`, `24h`, `3d`, and combinations from large to small: `1h30m`. `0s` is a
// duration; so is a bare `0`. At most 10 years. Fails with what is wrong and how to write it.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// The same notation, exact to the millisecond: 5400 s -> `1h30m`; 0 -> `0s`.
std::string print_duration(std::chrono::nanoseconds duration);
// Short, for status: the two largest units (`3d4h`, `1h30m`, `2m5s`, `12s`), below 1 s `250ms`.
std::string human_duration(std::chrono::nanoseconds duration);

// `512KiB`, `1MiB`, `2GiB`, `1TiB`, or plain bytes (`4096`). Units of 1000 and one-letter units are
// refused with the remedy.
Result<std::uint64_t> parse_size(std::string_view text);
// For status: `12.4MiB`, `512KiB`, `100B`.
std::string human_size(std::uint64_t bytes);

// `TERM`, `SIGTERM`, `term`, `RTMIN+1`, `RTMAX-2`, or a number 1..64 (`15`). Fails with
// `unknown signal "TREM", did you mean "TERM"?`.
Result<int> parse_signal(std::string_view text);
// `TERM`, `RTMIN+1`, or the number where the machine knows no name.
std::string signal_name(int signal);

}  // namespace superd
