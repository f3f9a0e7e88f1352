#pragma once

#include <functional>
#include <string>

#include "core/supervision.h"
#include "daemon/commands.h"
#include "daemon/rolls.h"
#include "daemon/spawner.h"

namespace superd::daemon {

// Commands that superd gives itself, with ids and rolls as everybody's.
class OwnCommands {
 public:
  struct Parts {
    const core::Spec& spec;
    const core::Supervision& core;
    Commands& commands;
    Rolls& rolls;
    Spawner& spawner;
  };

  struct Hooks {
    std::function<void(const core::Event&)> happen;
    // It is about to be done.
    std::function<void(const std::string& group, const std::string& cause)> fired;
  };

  OwnCommands(Parts parts, Hooks hooks) : parts_(parts), hooks_(std::move(hooks)) {}

  // A restart, a reload, a signal is for a group that is meant to run: one that was stopped stays
  // as it is, which the log says. A start starts it, and a stop stops it. Nothing once superd shuts
  // down.
  void act(const std::string& group, const core::TriggerAction& action, const std::string& cause);

 private:
  void restart(const core::Group& group, core::Pace pace, const std::string& cause);
  void signal(const core::Group& group, int number, const std::string& cause);
  core::CommandId ask(const core::Group& group, const char* action, const std::string& cause);

  Parts parts_;
  Hooks hooks_;
};

}  // namespace superd::daemon
