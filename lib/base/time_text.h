#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace superd {

// A moment as RFC 3339 writes it: `2026-11-23T04:00:00Z`, with a fraction of a second, with an
// offset
// (`+01:00`); a blank may stand for the T. Fails for a date that no calendar has.
Result<std::chrono::system_clock::time_point> parse_time(std::string_view text);

}  // namespace superd
