#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/spec.h"
#include "daemon/connection_watch.h"
#include "daemon/listeners.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon {

// The groups that wait for a connection, each with its sockets open and watched. What of that
// cannot be, because somebody else has the address, is tried again as long as the group waits.
class Demand {
 public:
  // `listeners` outlive it.
  Demand(loop::Loop& loop, Listeners& listeners, ConnectionWatch::Tell tell);

  // Opens the group's sockets where they are not open yet. Replaces an earlier watch of the group.
  void watch(const core::GroupSpec& group);
  void unwatch(const std::string& group);

  // Why a connection to one of its sockets does not start the group; nothing: it does, or the group
  // does not wait.
  [[nodiscard]] std::optional<std::string> trouble(const std::string& group) const;

 private:
  void attempt(const core::GroupSpec& group);
  void try_again();

  struct Trouble {
    core::GroupSpec group;
    std::string why;
  };
  Listeners& listeners_;
  ConnectionWatch connections_;
  loop::Timer retry_;
  std::map<std::string, Trouble> troubles_;
};

}  // namespace superd::daemon
