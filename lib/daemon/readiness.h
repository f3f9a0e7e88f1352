#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "core/event.h"
#include "core/spec.h"
#include "daemon/errands.h"
#include "daemon/exec_readiness.h"
#include "daemon/fd_readiness.h"
#include "daemon/listening_readiness.h"
#include "daemon/recipe.h"
#include "daemon/tracker.h"
#include "loop/loop.h"

namespace superd::daemon {

// Looks whether starting spawns are ready, each by its group's way: listening, exec or fd. (notify
// comes by the spawner's own sockets, delay by the core's timer.)
class Readiness {
 public:
  struct Parts {
    loop::Loop& loop;
    Tracker& tracker;
    Recipes& recipes;
    Errands& errands;
  };
  using Tell = std::function<void(const core::ReadinessSeen&)>;

  // A spawn whose program runs.
  struct Subject {
    core::SpawnId spawn{};
    core::WorkerRef worker;
    int generation = 0;
    const core::GroupSpec* group = nullptr;  // outlives the watch
    pid_t main = 0;
    os::PlainIdentity identity;  // as which it was started
    std::vector<int> sockets;    // borrowed for as long as the watch lasts
    int ready_pipe = -1;         // fd: the read end, borrowed until the spawn is forgotten; else -1
  };

  Readiness(Parts parts, Tell tell);

  // ReadinessSeen is told once, from the loop; the watch has ended by then.
  void watch(const Subject& subject);
  void unwatch(core::SpawnId spawn);
  // Ends the watch, and leaves what the worker still writes to its {fd:ready}, which is read and
  // thrown away until then.
  void forget(core::SpawnId spawn);

  // Why it is not ready, as far as that can be told: `cannot see whether process 812 waits on its
  // socket: /proc/812/fd: Permission denied`. Known for a while after the watch as well, for the
  // words of a failure; empty: nothing stands in the way, or it is ready.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  [[nodiscard]] std::string reason_now(core::SpawnId spawn) const;
  void seen(core::SpawnId spawn, core::ReadyWhen by);

  Tell tell_;
  ListeningReadiness listening_;
  FdReadiness fd_;
  ExecReadiness exec_;
  // Of watches that ended without success, the latest ones.
  std::deque<std::pair<core::SpawnId, std::string>> past_reasons_;
};

}  // namespace superd::daemon
