#include "event_text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "client/printable.h"

namespace superd::superctl {

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (const auto time = parse_time(text)) return *time;
  if (const auto before = parse_duration(text))
    return std::chrono::time_point_cast<WallTime::duration>(now - *before);
  return fail(
      fmt::format("{} is no time (2026-11-23T04:00:00Z) and no duration (10m)", quoted(text)));
}

Result<Since> parse_since(std::string_view text, WallTime now) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size()) return Since(id);
  if (const auto moment = parse_moment(text, now)) return Since(*moment);
  return fail(fmt::format(
      "{} is no time (2026-11-23T04:00:00Z), no duration (10m) and no event's id", quoted(text)));
}

bool is_about(const wire::OccurrenceView& event, const std::vector<client::Target>& targets) {
  if (targets.empty()) return true;
  return std::ranges::any_of(targets, [&](const client::Target& target) {
    if (target.worker) return event.worker == target.worker;
    // superd knows who asks.
    return target.group == "self" || event.group == target.group;
  });
}

bool is_since(const wire::OccurrenceView& event, WallTime since) {
  const auto time = parse_time(event.time);
  return !time || *time >= since;
}

std::string event_text(const wire::OccurrenceView& event) {
  std::string text = event.time;
  if (event.worker) {
    text += " " + *event.worker;
  } else if (event.group) {
    text += " " + *event.group;
  } else {
    text += " superd";
  }
  text += " " + event.event;
  if (event.pid) text += fmt::format(" pid={}", *event.pid);
  if (event.generation) text += fmt::format(" generation={}", *event.generation);
  if (event.roll) text += fmt::format(" roll={}", *event.roll);
  if (event.step) text += fmt::format(" step={}", *event.step);
  if (event.result) text += fmt::format(" result={}", *event.result);
  if (event.message) text += fmt::format(": {}", *event.message);
  if (event.cause) text += fmt::format(" ({})", *event.cause);
  return client::printable(text);
}

}  // namespace superd::superctl
