#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/event.h"
#include "core/spec.h"
#include "daemon/errands.h"
#include "daemon/exec_readiness.h"
#include "daemon/fd_readiness.h"
#include "daemon/http_readiness.h"
#include "daemon/listening_readiness.h"
#include "daemon/log_readiness.h"
#include "daemon/recipe.h"
#include "daemon/tracker.h"
#include "logs/logger_client.h"
#include "loop/loop.h"

namespace superd::daemon {

// Looks whether starting spawns are ready, each by its group's way: listening, exec, fd, log or
// http. (notify comes by the spawner's own sockets, delay by the core's timer.)
class Readiness {
 public:
  struct Parts {
    loop::Loop& loop;
    logs::LoggerClient& logger;
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
    int private_socket = -1;     // http: the first one, borrowed as well; -1: there is none
  };

  Readiness(Parts parts, Tell tell);

  // ready.when = "log": before the spawn's output is captured, what captures are to look for from
  // then on (logs::Capture::match), and that it was found.
  void expect(core::SpawnId spawn, const core::GroupSpec& group);
  [[nodiscard]] std::string log_match(core::SpawnId spawn) const { return log_.match(spawn); }
  void log_matched(core::SpawnId spawn) { log_.found(spawn); }

  // ReadinessSeen is told once, from the loop; the watch has ended by then.
  void watch(const Subject& subject);
  void unwatch(core::SpawnId spawn);
  // Ends the watch, and leaves what the worker still writes to its {fd:ready}, which is read and
  // thrown away until then.
  void forget(core::SpawnId spawn);

  // Why a spawn that is watched is not ready, as far as that can be told: `cannot see whether
  // process 812 waits on its socket: /proc/812/fd: Permission denied`; empty: nothing stands in the
  // way.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  void seen(core::SpawnId spawn, core::ReadyWhen by);

  Tell tell_;
  ListeningReadiness listening_;
  FdReadiness fd_;
  LogReadiness log_;
  ExecReadiness exec_;
  HttpReadiness http_;
};

}  // namespace superd::daemon
