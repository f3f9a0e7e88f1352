#pragma once

#include <chrono>
#include <string>

namespace superd::logs {

// Wall-clock time with nanoseconds, UTC.
using Stamp = std::chrono::sys_time<std::chrono::nanoseconds>;

Stamp wall_clock();

// RFC 3339 with nanoseconds, always 30 characters up to the year 9999, so that texts compare as
// times do: `2026-11-23T01:02:03.004000000Z`.
std::string to_string(Stamp stamp);

}  // namespace superd::logs
