#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/kernel_features.h"

// What this machine offers to the process that looks: its rights and limits count.
namespace superd::doctor {

struct Machine {
  bool root = false;       // may become other users
  bool may_trace = false;  // CAP_SYS_PTRACE is in force
  std::vector<os::TriedFeature> features{};
  std::uint64_t open_files = 0;               // the hard limit, which superd takes
  std::optional<std::uint64_t> pipe_pages{};  // that all pipes of a user have; 0: without bound
  std::optional<std::uint64_t> inotify_instances{};
  std::optional<std::uint64_t> inotify_watches{};
};
Machine look_at_machine();

// How the processes of a worker would be known.
struct Tracking {
  bool cgroups = false;
  std::string description{};  // the place, or why there is none
};
// By making a cgroup, as superd does at its start, and taking it away again.
Tracking try_tracking();

}  // namespace superd::doctor
