#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "os/spawn.h"

namespace superd::os {

// A SpawnRequest laid out so that the child needs no memory of its own: what it passes to the
// kernel lies ready in arrays. Borrows the request. The child changes its own copy of it.
struct SpawnPlan {
  const SpawnRequest* request = nullptr;
  std::vector<char*> argv;              // NULL-terminated
  std::vector<char*> envp;              // NULL-terminated
  std::vector<char> listen_pid;         // `LISTEN_PID=` and room for the digits; envp points to it
  std::vector<std::string> programs;    // tried in turn
  std::vector<int> sources;             // of descriptor 0, 1, 2, 3 …; -1: /dev/null
  std::vector<ResourceLimit> rlimits;   //
  std::string oom_score_adj;            // as written to /proc; empty: none
  std::vector<unsigned long> cpu_mask;  // empty: none
  std::vector<gid_t> groups;            // sorted, each once
  std::vector<gid_t> groups_read_back;  // room for one more than groups
  int cgroup_procs_fd = -1;
  int status_fd = -1;
};

Result<SpawnPlan> make_spawn_plan(const SpawnRequest& request);

// The paths at which execvp would look for argv[0], along PATH of the request's environment.
std::vector<std::string> program_candidates(const SpawnRequest& request);

}  // namespace superd::os
