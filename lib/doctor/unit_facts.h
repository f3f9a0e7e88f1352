#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

// The unit of systemd that superd runs in, and its settings. Parsing is pure, asking is not.
namespace superd::doctor {

struct Unit {
  enum class Manager { system, user };
  std::string name;  // `superd.service`, `session-3.scope`
  Manager manager = Manager::system;

  friend bool operator==(const Unit&, const Unit&) = default;
};
// From the text of a /proc/PID/cgroup; nothing: the process is in no unit, as in most containers.
std::optional<Unit> unit_of(std::string_view proc_cgroup);

// The settings that decide about the workers' lives.
struct UnitFacts {
  pid_t main_pid = 0;
  std::string kill_mode{};  // as systemd writes it: `control-group`
  std::string restart{};
  std::string oom_policy{};
  std::string notify_access{};
  bool delegate = false;
  std::uint64_t fd_store_max = 0;
  std::optional<std::chrono::nanoseconds> stop_timeout{};  // nothing: infinity
  bool makes_runtime_dir = false;
  std::string runtime_dir_preserve{};
  std::string start_limit_interval{};  // `10s`; either of the two may be `0`: there is no limit
  std::string start_limit_burst{};
};
// The properties that parse_unit_facts reads, for `systemctl show --property=`.
std::string unit_properties();
// From what `systemctl show` prints, `NAME=VALUE` a line; what is missing keeps its default.
UnitFacts parse_unit_facts(std::string_view text);
// As systemd prints a time: `1min 30s`, `infinity` is nothing. Fails for what is none.
Result<std::optional<std::chrono::nanoseconds>> parse_systemd_time(std::string_view text);

// Asks systemctl of PATH, for a few seconds at most.
Result<UnitFacts> ask_systemd(const Unit& unit);

}  // namespace superd::doctor
