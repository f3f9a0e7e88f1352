#pragma once

#include <string>
#include <vector>

#include "core/spec.h"

// What differs between the configuration that superd goes by and another, and what follows from it:
// for `superctl apply` to print, and then to do.
namespace superd::config {

// One key of a group, or of [superd].
struct KeyChange {
  enum class Needs {
    new_processes,  // a roll
    nothing,        // it counts from now on
    next_start,     // it counts when superd is started the next time
  };
  std::string key;  // `command`, `stop.timeout`
  Needs needs = Needs::nothing;
};

struct GroupChange {
  enum class What { added, removed, changed };
  std::string group;
  What what = What::changed;
  std::vector<KeyChange> keys;  // changed: all but the number of workers
  int workers_before = 0;       // added: 0
  int workers_after = 0;        // removed: 0
  bool starts = false;          // added: whether it starts by itself
  bool on_demand = false;       // added: and if so, that its first connection starts the workers
};
// Whether processes are replaced.
bool needs_roll(const GroupChange& change);

struct Plan {
  std::vector<GroupChange> groups;  // as the new configuration has them, then those that go
  std::vector<KeyChange> daemon;
};
// Places do not count; nor does the order of groups.
Plan compare(const core::Spec& now, const core::Spec& wanted);

// One line a change: `web: workers 2 -> 4`, `web: new processes by a roll (command, env)`, `old:
// removed: stops`, `superd.control: counts when superd is started again`. No line: nothing differs.
std::vector<std::string> describe(const GroupChange& change);
std::vector<std::string> describe(const Plan& plan);

}  // namespace superd::config
