#pragma once

#include <map>
#include <set>
#include <string>

#include "core/group.h"

// What a supervisor takes over from one that died. The state is the same values, read back from the
// journal; what has to be done again because the process that did it is gone (timers, looks at
// readiness, recipes in the making) follows from the state.
namespace superd::core {

// What concerns several groups and is not over.
struct InHand {
  // A group's stop that waits until no process is left of those that depend on it.
  struct Stop {
    std::set<std::string> on_behalf_of;
    std::string cause;
  };
  std::map<std::string, Stop> stops;
  std::set<std::string> removed;  // groups that stop for good
  std::set<std::string> held;     // groups whose workers wait for others to be up
  bool shutting_down = false;
};

// Processes that may not be what the state says: nobody knows whether they were made. Those that
// were to become ready get their turn anew.
using Unmade = std::set<SpawnId>;

// Takes the turn of these lives back.
void take_back_turns(Group& group, const Unmade& unmade);
// Everything that was going on in the edge for this group, to be done again; in an order in which
// it may be carried out. The stop signals are among it: the edge knows which of them were sent.
// ProgramExecuted, told again for those that are getting ready, makes the edge look at readiness.
std::vector<Effect> resume(const Group& group, TimePoint now);

}  // namespace superd::core
