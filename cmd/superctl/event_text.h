#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "client/names.h"
#include "wire/views.h"

namespace superd::superctl {

using WallTime = std::chrono::system_clock::time_point;

// --since: an event's id, or a moment.
using Since = std::variant<std::uint64_t, WallTime>;
// `812`; `2026-11-23T04:00:00Z`; `10m` before `now`.
Result<Since> parse_since(std::string_view text, WallTime now);

// --since of what has no ids: the latter two.
Result<WallTime> parse_moment(std::string_view text, WallTime now);

// No targets: everything, superd's own events as well.
bool is_about(const wire::OccurrenceView& event, const std::vector<client::Target>& targets);
bool is_since(const wire::OccurrenceView& event, WallTime since);

// `2026-11-23T04:00:00.123Z web.2 worker.exited pid=4711 generation=7: exited with status 1 (exit)`
std::string event_text(const wire::OccurrenceView& event);

}  // namespace superd::superctl
