#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/errands.h"
#include "daemon/recipe.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon {

// ready.when = "exec": runs ready.command again and again, as the worker would run, until it exits
// with 0. The first time at once; then after pauses that grow with the wait: a tenth of it, at
// least kMinPause and at most kMaxPause. One run is given kCheckLimit.
class ExecReadiness {
 public:
  static constexpr std::chrono::milliseconds kMinPause{100};
  static constexpr std::chrono::milliseconds kMaxPause{1000};
  static constexpr std::chrono::seconds kCheckLimit{10};

  struct Parts {
    loop::Loop& loop;
    Recipes& recipes;
    Errands& errands;
  };
  using Seen = std::function<void(core::SpawnId)>;

  // `seen` is called once for each watch that succeeds, from the loop; the watch has ended by then.
  ExecReadiness(Parts parts, Seen seen);
  ~ExecReadiness();
  ExecReadiness(const ExecReadiness&) = delete;
  ExecReadiness& operator=(const ExecReadiness&) = delete;

  // The worker's program runs as `spawn`; `group` outlives the watch.
  void watch(core::SpawnId spawn, int worker, int generation, const core::GroupSpec& group);
  // Also ends a check that runs. Nothing happens for a spawn that is not watched.
  void unwatch(core::SpawnId spawn);

  // Why it is not ready yet, in words, with the last line that the command wrote: `ready.command
  // exited with status 7: connection refused`, `ready.command: exec curl: No such file or
  // directory`, `ready.command has not ended yet`. Empty: not watched.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  struct Watch;
  [[nodiscard]] Watch* find(core::SpawnId spawn) const;
  void check(core::SpawnId spawn);
  void on_checked(core::SpawnId spawn, ErrandEnd end);
  void pause(Watch& watch);

  Parts parts_;
  Seen seen_;
  std::map<core::SpawnId, std::unique_ptr<Watch>> watches_;
};

}  // namespace superd::daemon
