#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/worker_ref.h"
#include "loop/loop.h"
#include "os/process.h"

namespace superd::daemon {

// Whose is this process? The strongest means that this machine offers, found by trying:
//   cgroup    a cgroup v2 for each spawn: exact, whatever a process does to itself;
//   session   parentage, session, sampling of the tree while its links are whole, and the
//             environment: a process that leaves its session, loses its parent and clears its
//             environment between two looks is `unknown`, and left alone.
//
// A spawn is prepare()d, started(), later watched to its end, and forgotten. Zombies are no
// members.
class Tracker {
 public:
  virtual ~Tracker() = default;

  // `cgroup` or `session`.
  [[nodiscard]] virtual std::string name() const = 0;
  // For people: with the place, or with why it is not the stronger one.
  [[nodiscard]] virtual std::string description() const = 0;

  // Before the process is made. The descriptor is for os::SpawnRequest::cgroup_procs_fd; empty:
  // none.
  virtual Result<UniqueFd> prepare(core::SpawnId spawn) = 0;
  virtual void started(core::SpawnId spawn, const os::ProcessId& main) = 0;

  // Living processes of the tree, ascending.
  virtual std::vector<pid_t> members(core::SpawnId spawn) = 0;
  // Nothing: the process is none of ours, or nobody can tell whose.
  virtual std::optional<core::SpawnId> owner(pid_t pid) = 0;
  // Processes that came home to superd and that nothing attributes.
  virtual std::vector<pid_t> unknown() = 0;

  // The main process is about to be asked to leave: what is below it is still linked to it.
  virtual void before_stop(core::SpawnId spawn) = 0;
  virtual void signal(core::SpawnId spawn, int signal) = 0;
  // KILL to every process of the tree. They are gone shortly after, not at the return.
  virtual void kill(core::SpawnId spawn) = 0;
  // `gone` is called once no process of the tree is left: at once, or later from the loop.
  virtual void watch_end(core::SpawnId spawn, std::function<void()> gone) = 0;
  // The tree is gone, or was never made.
  virtual void forget(core::SpawnId spawn) = 0;
  // At the end of superd: gives back what belongs to the whole.
  virtual void close() = 0;
};

struct Tracking {
  std::unique_ptr<Tracker> tracker;
  // Spawns of an earlier supervisor of which something is left; the tracker knows their trees.
  std::vector<core::SpawnId> leftovers;
  // Fails where something was lacking to try the means, or to find what is left.
  Status found;
};
// `keeper` is the process that orphans come home to; `runtime_dir` names the cgroup and marks the
// environment of workers.
Tracking make_tracker(loop::Loop& loop, const std::string& runtime_dir, pid_t keeper);

// Where the notify sockets of spawns are, each named by its spawn id.
std::string notify_dir(const std::string& runtime_dir);

}  // namespace superd::daemon
