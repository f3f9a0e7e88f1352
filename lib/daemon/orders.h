#pragma once

#include <functional>
#include <string>
#include <utility>

#include <sys/types.h>

#include "core/supervision.h"
#include "daemon/commands.h"
#include "daemon/rolls.h"
#include "wire/route.h"

namespace superd::daemon {

// Starts, stops and restarts, whoever asks for them: a client, a trigger, a signal, an apply. Each
// has an id that nobody else has, under which it is kept as a roll.
class Orders {
 public:
  struct Parts {
    const core::Supervision& core;
    Commands& commands;
    Rolls& rolls;
  };

  Orders(Parts parts, std::function<void(const core::Event&)> happen)
      : parts_(parts), happen_(std::move(happen)) {}

  // Under this id something is about to be asked of the core. `asker`: the process that asks, where
  // its own end may come of it; else 0.
  core::CommandId announce(const core::Target& target, const char* action, const std::string& cause,
                           pid_t asker = 0);
  // Tells the core of what was announced; a restart during a roll is joined to the one that comes
  // after it.
  void give(core::CommandId id, const core::Target& target, wire::Action action, core::Pace pace,
            const std::string& cause);

 private:
  Parts parts_;
  std::function<void(const core::Event&)> happen_;
};

}  // namespace superd::daemon
