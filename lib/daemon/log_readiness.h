#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/worker_ref.h"
#include "loop/defer.h"
#include "loop/loop.h"

namespace superd::daemon {

// ready.when = "log": the logger looks for a line of the spawn's own output, from its first byte
// on; here is remembered for whom, and who was found before the core began to wait.
class LogReadiness {
 public:
  struct Callbacks {
    // The watch has ended; called once, from the loop.
    std::function<void(core::SpawnId)> seen;
    // The logger need not look any more.
    std::function<void(core::SpawnId)> stop_matching;
  };

  LogReadiness(loop::Loop& loop, Callbacks callbacks);

  // Before the spawn's output is captured for the first time.
  void expect(core::SpawnId spawn, const std::string& match);
  // What a capture of its output is to look for (logs::Capture::match); empty: nothing, or no more.
  [[nodiscard]] std::string match(core::SpawnId spawn) const;
  // The logger has found it.
  void found(core::SpawnId spawn);

  // The core waits for it, and no more. Nothing happens for a spawn that nobody expects.
  void watch(core::SpawnId spawn);
  void unwatch(core::SpawnId spawn);

  // `no line of its output matched /Listening at/`; empty: it is not watched, or was found.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  struct Expected {
    std::string match;
    bool found = false;
    bool watched = false;
  };
  void tell_found();

  Callbacks callbacks_;
  std::map<core::SpawnId, Expected> expected_;
  loop::Defer deferred_;
};

}  // namespace superd::daemon
