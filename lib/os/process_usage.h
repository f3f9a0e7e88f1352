#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include <sys/types.h>

namespace superd::os {

// What the kernel counts of one process.
struct ProcessUsage {
  pid_t parent = 0;
  double cpu_seconds = 0;           // used by it
  double children_cpu_seconds = 0;  // used by its children that ended and were waited for
  double started = 0;               // seconds since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;

  [[nodiscard]] double all_cpu_seconds() const { return cpu_seconds + children_cpu_seconds; }
};
// A line of /proc/PID/stat; nothing where it is not one.
std::optional<ProcessUsage> parse_usage(std::string_view stat, long ticks, std::size_t page);
// Nothing: no such process.
std::optional<ProcessUsage> usage_of(pid_t pid);
// Of those that there are.
std::map<pid_t, ProcessUsage> usage_of_all(std::span<const pid_t> pids);
// Nothing: it is gone, or may not be looked at.
std::optional<std::size_t> open_fds_of(pid_t pid);

// Of all these, children that ended included: what one that ends leaves to its parent is not lost.
double cpu_seconds(std::span<const pid_t> pids);
// Nothing where one of those that are there may not be looked at.
std::optional<std::size_t> open_fds(std::span<const pid_t> pids);

}  // namespace superd::os
