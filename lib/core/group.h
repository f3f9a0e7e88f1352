#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/effect.h"
#include "core/event.h"
#include "core/roll.h"
#include "core/worker.h"

// A group: its workers, the commands that wait for them, and the roll in hand. A total function
// like the worker's; whose turn it is to start is decided one floor above (core/supervision.h).
namespace superd::core {

// A command whose answer is still owed: one outcome for each pending worker.
struct Command {
  std::string cause;
  std::set<int> pending;
  std::vector<WorkerOutcome> outcomes;
};

// What a group without processes does when a connection comes.
struct Demand {
  enum class Recipe { in_force, anew };
  Recipe recipe = Recipe::in_force;
};

struct Group {
  std::string name;
  SpecPtr spec;  // what new generations are made from
  Policy policy;
  // [i] has number i + 1. Those that a smaller number of workers left over are at the end, until
  // no process of them is left.
  std::vector<Worker> workers;
  int in_force = 0;         // the generation that starts go by; 0: none was made yet
  int last_generation = 0;  // the highest number given; one that failed is burnt
  std::set<int> recipes;    // asked for and not dropped
  std::map<int, std::uint64_t> fingerprints;  // of those that were made
  std::map<CommandId, Command> commands;
  std::optional<Roll> roll;
  std::optional<NextRoll> next_roll;
  std::optional<Demand> demand;  // the next connection starts the workers; never beside a roll
  GroupState state = GroupState::stopped;
  TimePoint since{};     // of the state
  TimePoint up_since{};  // when it was last started
  std::string cause;     // of the latest start, stop or restart
};

struct ForWorker {
  int number = 0;
  WorkerEvent event;
};
struct KillGroup {
  std::string cause;
};
// The first event after the group was read back: what does not fit together is mended.
struct GoOn {};
using GroupEvent =
    std::variant<StartRequested, StopRequested, RestartRequested, ConnectionWaits, GroupIdle,
                 GroupConfigured, KillGroup, ForWorker, RecipeMade, BeforeEnded, GoOn>;

struct GroupStep {
  Group group;
  std::vector<Effect> effects;
  std::set<int> touched;  // workers that may be others than before, also such as are gone
};

Group make_group(SpecPtr spec);
GroupStep step(Group group, const GroupEvent& event, TimePoint now);

// The generation by which a worker starts now that no roll restarts: the one in force, or that of
// the roll in hand where that has replaced it. A worker that dies just after it was replaced does
// not fall back behind the others.
int generation_to_start(const Group& group, int number);

// Workers that take one of superd.max_starting each.
int count_being_started(const Group& group);

struct Census {
  int ready = 0;
  int wanted = 0;  // workers that are meant to run
};
Census census(const Group& group);
// Follows from the workers, the roll, and the state before.
GroupState derive_state(const Group& group);

}  // namespace superd::core
