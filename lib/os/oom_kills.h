#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace superd::os {

// How many processes of this machine (all containers on it) the kernel has killed since its boot
// because memory ran out, be it the machine's or a cgroup's. Nothing: the kernel does not count
// them.
std::optional<std::uint64_t> oom_kills();
// The text of /proc/vmstat.
std::optional<std::uint64_t> parse_oom_kills(std::string_view vmstat);

}  // namespace superd::os
