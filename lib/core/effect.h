#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/exit.h"
#include "core/spec.h"
#include "core/state.h"
#include "core/worker_ref.h"

// What the core wants done. The edge (lib/daemon) carries effects out in their order and reports
// back by events; an effect that cannot be carried out comes back as an event, never as an
// exception.
namespace superd::core {

// One command from outside (or from superd itself); its id is also the id of the roll that it
// makes.
enum class CommandId : std::uint64_t {};
// Commands with this id are superd's own: nobody waits for them, and they have no answer.
inline constexpr CommandId kOwnCommand{0};

enum class TimerKind {
  ready_delay,    // ready.delay is over
  ready_timeout,  // ready.timeout is over
  soak,           // ready.soak is over
  kill,           // stop.timeout is over, or a kill did not end the tree
  backoff,        // the pause before a respawn is over
  patience,       // a roll no longer waits with its next step for this old process
};

// Timers belong to a spawn; the backoff timer belongs to a worker and has the spawn that failed.
struct TimerKey {
  TimerKind kind = TimerKind::ready_delay;
  WorkerRef worker;
  SpawnId spawn{};

  friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
};

// A recipe with this number is to be made from this configuration, now.
struct MakeRecipe {
  std::string group;
  int generation = 0;
  SpecPtr spec;
};
// No process that is left was started by this recipe, nor will one be.
struct DropRecipe {
  std::string group;
  int generation = 0;
};
struct Spawn {
  SpawnId spawn{};
  WorkerRef worker;
  int generation = 0;
};
// Look, by the group's way (listening, exec, fd), whether the spawn is ready; ReadinessSeen tells.
// It ends by itself with the spawn.
struct WatchReadiness {
  SpawnId spawn{};
};
struct UnwatchReadiness {
  SpawnId spawn{};
};
// What a roll does before it touches anything, in this order.
enum class Preparation {
  command,    // roll.before
  rehearsal,  // roll.rehearse: a process of the new recipe is asked where no client sees it
};
// Do that by this recipe; BeforeEnded tells.
struct RunBefore {
  std::string group;
  int generation = 0;
  CommandId roll{};
  Preparation what = Preparation::command;
};
struct CancelBefore {
  std::string group;
  CommandId roll{};
};
// The group goes by this configuration from now on: a new one, or the former one again because the
// roll to the new one did not succeed.
struct SpecTaken {
  std::string group;
  SpecPtr spec;
  // Whether processes that are started by earlier recipes from now on go by it as well: it differs
  // in nothing that a recipe is made of.
  bool for_all_recipes = false;
};
// A removed group has no process left, and is not known any more.
struct GroupGone {
  std::string group;
};
// The next connection to a socket of the group is to be told, by one ConnectionWaits.
struct WatchDemand {
  std::string group;
};
struct UnwatchDemand {
  std::string group;
};
struct SignalMain {
  SpawnId spawn{};
  int signal = 0;
};
struct SignalTree {
  SpawnId spawn{};
  int signal = 0;
};
struct KillTree {
  SpawnId spawn{};
};
// The tree is gone: give back its cgroup, sockets and pipes.
struct Forget {
  SpawnId spawn{};
};
// Arming a key that is armed moves it.
struct ArmTimer {
  TimerKey key;
  TimePoint at{};
};
struct CancelTimer {
  TimerKey key;
};
// A worker went from one state to another, or (both are ready) a new process took its place; for
// the log, `why` and whoever watches.
struct WorkerChanged {
  WorkerRef worker;
  WorkerState from = WorkerState::stopped;
  WorkerState to = WorkerState::stopped;
  std::string cause;    // what started it: `command uid=0 pid=4711`, `exit`, `boot`, …
  std::string message;  // what happened: `exited with status 1`
  SpawnId spawn{};      // 0: no process
  std::int64_t pid = 0;
  int generation = 0;
  std::optional<Exit> exit;
};
struct GroupChanged {
  std::string group;
  GroupState from = GroupState::stopped;
  GroupState to = GroupState::stopped;
  std::string cause;
};

struct WorkerOutcome {
  int number = 0;
  bool ok = true;
  std::string message{};  // why it failed, without the worker's name
  SpawnId spawn{};        // whose last output lines tell more; 0: none
  SpawnId left{};         // the process that was asked to leave for it; 0: none
  std::optional<Exit> exit{};
};
// A roll of a group, as it goes on; its id is that of the first command that it serves.
struct RollBegan {
  CommandId roll{};
  std::string group;
  std::string cause;
  int generation = 0;  // that it makes
  int workers = 0;     // that it is to replace
};
struct RollStep {
  enum class Kind {
    before,       // roll.before runs
    before_done,  // and has exited with 0
    rehearsing,   // the rehearsal runs
    rehearsed,    // and was answered well
    starting,     // the worker's new process has its turn
    ready,        // it is ready; an old one, if any, is asked to leave
    gone,         // no old process of the worker is left
    failed,       // what was tried did not succeed: message
    withdrawn,    // the worker's new process was ended because the roll had failed elsewhere
    returning,    // the worker goes back to the old recipe
    returned,     // and is ready again
  };
  CommandId roll{};
  std::string group;
  Kind kind = Kind::starting;
  int worker = 0;        // 0: the roll as a whole
  std::string message;   // failed: why
  SpawnId spawn{};       // of the new process; 0: none
  std::int64_t pid = 0;  // of the new process; 0: not known
};
enum class RollResult {
  done,         // every worker goes by the new recipe
  rolled_back,  // every worker goes by the old one
  mixed,        // some by the new, some by the old
  stopped,      // the group was stopped meanwhile
};
struct RollEnded {
  CommandId roll{};
  std::string group;
  RollResult result = RollResult::done;
  int generation = 0;   // in force from now on
  std::string message;  // done: empty
};

// Exactly one for each command whose id is not kOwnCommand.
struct Answer {
  CommandId command{};
  CommandId roll{};  // that served the command: its own id unless it was joined to another's
  std::string group;
  bool ok = true;
  std::string message;                // of the whole; empty where the workers say it all
  std::vector<std::string> output{};  // of the preparation, where that failed
  int generation = 0;
  std::vector<WorkerOutcome> workers;
};
// A shutdown is complete: no process is left, or only ones that cannot be killed.
struct ShutdownDone {};

using Effect =
    std::variant<MakeRecipe, DropRecipe, Spawn, WatchReadiness, UnwatchReadiness, RunBefore,
                 CancelBefore, SpecTaken, GroupGone, WatchDemand, UnwatchDemand, SignalMain,
                 SignalTree, KillTree, Forget, ArmTimer, CancelTimer, WorkerChanged, GroupChanged,
                 RollBegan, RollStep, RollEnded, Answer, ShutdownDone>;

}  // namespace superd::core
