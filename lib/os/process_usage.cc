#include "os/process_usage.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include "os/directory.h"
#include "os/read_file.h"

namespace superd::os {
std::optional<ProcessUsage> parse_usage(std::string_view stat, long ticks, std::size_t page) {
  // The name may hold blanks and brackets; behind it there are numbers alone, from field 3 on.
  const std::size_t bracket = stat.rfind(')');
  if (bracket == std::string_view::npos || bracket + 4 > stat.size() || ticks <= 0) {
    return std::nullopt;
  }
  constexpr std::size_t kFirst = 4;
  constexpr std::size_t kLast = 24;
  std::array<std::uint64_t, kLast + 1> fields{};
  std::string_view rest = stat.substr(bracket + 4);
  for (std::size_t i = kFirst; i <= kLast; ++i) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    fields[i] = static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  const auto in_seconds = [&](std::size_t a, std::size_t b) {
    return static_cast<double>(fields[a] + fields[b]) / static_cast<double>(ticks);
  };
  return ProcessUsage{.parent = static_cast<pid_t>(fields[4]),
                      .cpu_seconds = in_seconds(14, 15),
                      .children_cpu_seconds = in_seconds(16, 17),
                      .started = static_cast<double>(fields[22]) / static_cast<double>(ticks),
                      .virtual_bytes = fields[23],
                      .resident_bytes = fields[24] * page};
}

std::optional<ProcessUsage> usage_of(pid_t pid) {
  const Result<std::string> stat = read_file(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  return parse_usage(*stat, ::sysconf(_SC_CLK_TCK),
                     static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
}

std::map<pid_t, ProcessUsage> usage_of_all(std::span<const pid_t> pids) {
  std::map<pid_t, ProcessUsage> all;
  for (const pid_t pid : pids) {
    if (const auto usage = usage_of(pid)) all.emplace(pid, *usage);
  }
  return all;
}

std::optional<std::size_t> open_fds_of(pid_t pid) {
  const Directory directory(::opendir(fmt::format("/proc/{}/fd", pid).c_str()));
  if (!directory) return std::nullopt;
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

double cpu_seconds(std::span<const pid_t> pids) {
  double sum = 0;
  for (const auto& [pid, usage] : usage_of_all(pids)) sum += usage.all_cpu_seconds();
  return sum;
}

std::optional<std::size_t> open_fds(std::span<const pid_t> pids) {
  std::size_t sum = 0;
  for (const pid_t pid : pids) {
    if (const auto count = open_fds_of(pid)) {
      sum += *count;
    } else if (errno != ENOENT && errno != ESRCH) {
      return std::nullopt;
    }
  }
  return sum;
}

}  // namespace superd::os
