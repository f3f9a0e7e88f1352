#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/effect.h"
#include "core/exit.h"
#include "core/worker_ref.h"

// What happened. Every event names its object; one that comes too late for it (a timer of a spawn
// that is gone) is answered with nothing to do.
namespace superd::core {

// A group, or one of its workers.
struct Target {
  std::string group;
  int worker = 0;  // 0: the whole group
};

struct StartRequested {
  CommandId command{};
  Target target;
  std::string cause;
};
struct StopRequested {
  CommandId command{};
  Target target;
  std::string cause;
};
enum class Pace {
  in_turn,
  at_once,    // all workers stop, then all start
  on_demand,  // of a group alone: all leave now, and the next connection starts them
};
// Of a group: a roll with a new generation, whose id is the command's; never kOwnCommand, which
// would not tell it from what else superd does. On demand it is no roll: the new generation is made
// when the connection comes. Of one worker: by the recipe in force.
struct RestartRequested {
  CommandId command{};
  Target target;
  std::string cause;
  Pace pace = Pace::in_turn;
};
// The configuration of a group is another from now on. A group that is not known is added, stopped;
// one that is being removed stays.
struct GroupConfigured {
  enum class Recipe {
    same,  // a process started now would be the same: the number of workers and the terms change
    anew,  // a running group is rolled, the number of workers is not touched; where the roll does
           // not succeed the group keeps the configuration that it had
  };
  CommandId command{};  // anew: never kOwnCommand
  SpecPtr spec;
  Recipe recipe = Recipe::same;
  std::string cause;
};
// It is stopped and then forgotten.
struct GroupRemoved {
  CommandId command{};
  std::string group;
  std::string cause;
};
// The order in which groups are named and come up; those left out stay behind it.
struct GroupsOrdered {
  std::vector<std::string> names;
};

// A connection waits in a socket of a group that waits for one.
struct ConnectionWaits {
  std::string group;
};
// No connection was served by the group for as long as it is configured to go on without one: it
// waits for the next one without a process, and then starts by the recipe in force.
struct GroupIdle {
  std::string group;
};
enum class Urgency { ordered, at_once };
struct ShutdownRequested {
  std::string cause;
  Urgency urgency = Urgency::ordered;
};

// The process was made; it has not executed its program yet.
struct ProcessMade {
  SpawnId spawn{};
  std::int64_t pid = 0;
};
struct ProgramExecuted {
  SpawnId spawn{};
};
// It is ready, as far as this way of looking tells: counts where it is the group's own way.
struct ReadinessSeen {
  SpawnId spawn{};
  ReadyWhen by = ReadyWhen::notify;
};
// The worker asked for more time (EXTEND_TIMEOUT_USEC), counted from now.
struct TimeoutExtended {
  SpawnId spawn{};
  Duration by{};
};
// Also when no process could be made: Exit::never_ran.
struct MainExited {
  SpawnId spawn{};
  Exit exit;
};
// No process of the spawn is left. Comes after MainExited.
struct TreeGone {
  SpawnId spawn{};
};
struct TimerFired {
  TimerKey key;
  // ready_timeout: what stands in the way of being ready, as far as it can be seen.
  std::string why{};
};
// What MakeRecipe asked for was made. Two recipes of a group with equal fingerprints start the
// same; of one that cannot be made nothing is told: its spawns fail with the reason.
struct RecipeMade {
  std::string group;
  int generation = 0;
  std::uint64_t fingerprint = 0;
};
// What RunBefore asked for has ended, or could not be run.
struct BeforeEnded {
  std::string group;
  CommandId roll{};
  bool ok = true;
  std::string message{};              // `exited with status 1`, `did not end within 5m`
  std::vector<std::string> output{};  // its last lines
};
// Ends Supervision::Options::hold_starts: what waits for its turn may get it.
struct StartsAllowed {};

using Event =
    std::variant<StartRequested, StopRequested, RestartRequested, GroupConfigured, GroupRemoved,
                 GroupsOrdered, ConnectionWaits, GroupIdle, ShutdownRequested, ProcessMade,
                 ProgramExecuted, ReadinessSeen, TimeoutExtended, MainExited, TreeGone, TimerFired,
                 RecipeMade, BeforeEnded, StartsAllowed>;

}  // namespace superd::core
