#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/worker_ref.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace superd::daemon {

// Waits for a newline on those pipes. An end without one only ends the waiting: the worker's
// timeout or its exit tells the rest. What is written after the newline, or after the watch, is
// read and thrown away until the spawn is forgotten: a program that says more than a pipe holds
// would stand still.
class FdReadiness {
 public:
  // The watch has ended; called once, from the loop.
  using OnReady = std::function<void(core::SpawnId)>;

  FdReadiness(loop::Loop& loop, OnReady on_ready) : loop_(loop), on_ready_(std::move(on_ready)) {}

  // `read` is borrowed until the spawn is forgotten.
  void watch(core::SpawnId spawn, int read);
  void unwatch(core::SpawnId spawn);
  void forget(core::SpawnId spawn);
  // `closed its {fd:ready} without a newline`; empty: no reason.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  struct Watch {
    int fd = -1;
    bool waits = true;  // for the newline; else what comes is thrown away
    std::optional<loop::Poll> poll;
    std::string reason;
  };
  void on_readable(core::SpawnId spawn);

  loop::Loop& loop_;
  OnReady on_ready_;
  std::map<core::SpawnId, Watch> watches_;
};

}  // namespace superd::daemon
