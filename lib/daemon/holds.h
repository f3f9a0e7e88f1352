#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/automatic.h"
#include "daemon/triggers.h"
#include "wire/route.h"

namespace superd::daemon {

// Holds by command, whoever gives it: a client, or a signal to superd.
class Holds {
 public:
  // A hold by command outlives this supervisor: `keep` has to be told of it.
  using Keep = std::function<void(const std::string& group, wire::HoldAction action)>;
  struct Ended {
    bool held = false;   // by a command
    std::string what{};  // that it was held, by whom, and what was due
  };

  Holds(Automatic& automatic, Triggers& triggers, Keep keep)
      : automatic_(automatic), triggers_(triggers), keep_(std::move(keep)) {}

  // False: a command held it already.
  bool hold(const std::string& group, const std::string& cause);
  // Now or later: what was changed before the command is what it ends the hold for, and a change
  // that still waits for quiet is due with the others. `then` is called in any case.
  void release(const std::string& group, const std::string& cause,
               std::function<void(const Ended& ended)> then);

 private:
  Automatic& automatic_;
  Triggers& triggers_;
  Keep keep_;
};

}  // namespace superd::daemon
