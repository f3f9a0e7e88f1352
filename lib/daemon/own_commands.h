#pragma once

#include <functional>
#include <string>

#include "core/supervision.h"
#include "daemon/orders.h"
#include "daemon/spawner.h"

namespace superd::daemon {

// Commands that superd gives itself, with ids and rolls as everybody's.
class OwnCommands {
 public:
  struct Parts {
    const core::Spec& spec;
    const core::Supervision& core;
    Orders& orders;
    Spawner& spawner;
  };
  // It is about to be done.
  using Fired = std::function<void(const std::string& group, const std::string& cause)>;

  OwnCommands(Parts parts, Fired fired) : parts_(parts), fired_(std::move(fired)) {}

  // A restart, a reload, a signal is for a group that is meant to run: one that was stopped stays
  // as it is, which the log says. A start starts it, and a stop stops it. Nothing once superd shuts
  // down.
  void act(const std::string& group, const core::TriggerAction& action, const std::string& cause);

 private:
  void order(const core::Group& group, wire::Action action, core::Pace pace,
             const std::string& cause);
  void signal(const core::Group& group, int number, const std::string& cause);

  Parts parts_;
  Fired fired_;
};

}  // namespace superd::daemon
