#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace superd::core {

// One slot of a group: `web.2`. Numbers are 1-based and stable.
struct WorkerRef {
  std::string group;
  int number = 0;

  friend auto operator<=>(const WorkerRef&, const WorkerRef&) = default;
};

std::string to_string(const WorkerRef& worker);
// `web.2` -> {web, 2}; nothing for any other text (`web`, `web.0`, `web.02`, `web.x`).
std::optional<WorkerRef> parse_worker_ref(std::string_view text);
// `[a-z0-9][a-z0-9_-]*`, and neither `all` nor `self`.
bool is_group_name(std::string_view text);

// One process start. Never used again while a machine is up; names its cgroup and its sockets.
enum class SpawnId : std::uint64_t {};
std::string to_string(SpawnId spawn);

}  // namespace superd::core
