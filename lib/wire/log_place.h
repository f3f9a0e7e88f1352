#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace superd::wire {

// Where a follower of logs goes on: behind a line of a worker, or behind an event. To clients it is
// a text that they give back as it is: `2-1311763-4711`, `e-812`.
struct LogPlace {
  int worker = 0;            // its number; 0: an event
  std::uint64_t file = 0;    // of a worker
  std::uint64_t offset = 0;  // of a worker; the id of an event
};

std::string to_text(const LogPlace& place);
// Many of them in a text that is half as long: the head of a request has its limit.
// `p-AQIDBAUGBwgJCg`
std::string to_packed_text(const std::vector<LogPlace>& places);
// Places with `,` between them, or a packed text; nothing where one is none.
std::optional<std::vector<LogPlace>> parse_log_places(std::string_view text);

}  // namespace superd::wire
