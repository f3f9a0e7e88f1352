#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/backoff.h"
#include "core/event.h"
#include "core/spec.h"

// One slot of a group and the processes that fill it, as a total function: every state answers
// every event, if only with nothing to do.
//
//                    slot granted           ready
//   stopped ─start─► starting ───────────────────────► ready
//      ▲                ▲ ▲  \ main exits              /  |
//      |     timer      | |   \                       /   | stop, restart, not ready in time
//      |   ┌──────► backoff ◄──+── main exits ◄──────/    ▼
//      └───┼───────────────────────────────────────── stopping ── survives KILL ──► unkillable
//          failed, exited: no respawn, by give_up or by policy
//
// A worker has at most one life that counts (its process tree of now), and beside it at most one
// that is to take its place: `next`, started while the current one serves. When that is ready the
// current one is asked to leave and becomes `draining`; when it fails, the current one stays.
// Should the current one end meanwhile, the next one is the current one from then on.
//
// A life whose main process ended unasked becomes `draining` too: its remaining processes get the
// stop signal and the kill deadline while the slot goes on without them. A stopped slot has none of
// the three. When the main process of a life that was asked to leave is killed by the stop signal
// itself, it told nobody: its children get the signal as well.
namespace superd::core {

// How a process gets ready.
struct ReadyTerms {
  ReadyWhen when = ReadyWhen::delay;  // never `automatic`
  Duration timeout{};
  Duration soak{};
  Duration delay{};
};

// What the configuration says of one process, whose generation was made from it.
struct Terms {
  ReadyTerms ready;
  StopSpec stop;
};

struct Policy {
  Terms terms;
  std::map<int, Terms> older;  // generations that were made from another configuration
  RollSpec roll;
  RespawnSpec respawn;
};
Policy make_policy(const GroupSpec& spec);
const Terms& terms_of(const Policy& policy, int generation);

// One spawn of the worker of which a process may be left.
struct Life {
  SpawnId spawn{};
  int generation = 0;
  ReadyTerms ready;      // as they were when it started
  std::int64_t pid = 0;  // of the main process; 0 until it was made
  bool main_gone = false;
  bool told_all = false;                 // the whole tree got the stop signal
  int kills = 0;                         // how often KILL was sent to the tree
  bool survived_kill = false;            // all of them; no further one is sent
  TimePoint started{};                   // when its turn came
  TimePoint deadline{};                  // of what it is in: getting ready, or leaving
  std::optional<TimePoint> soaks_since;  // seen to be ready; empty: not yet
  std::optional<TimePoint> ready_since;  // and stayed alive for the soak; empty: not yet
};

// What follows when a leaving life is gone.
enum class Afterwards { rest, start, respawn };

struct Worker {
  WorkerRef ref;
  WorkerState state = WorkerState::stopped;
  bool surplus = false;  // the group has fewer workers now: it is to go
  TimePoint since{};     // of the state
  std::string cause;     // of the latest start or stop
  std::string message;   // what led to the state
  std::optional<Life> life;
  std::optional<Life> next;  // only beside a life
  std::vector<Life> draining;
  Afterwards afterwards = Afterwards::rest;
  bool queued = false;         // waits for its turn: to be `life`, or `next` where there is a life
  std::string next_cause;      // of what is queued or next beside a life
  std::optional<int> roll_to;  // by this generation it starts at its turn, because a roll wants it
  int restarts = 0;            // respawns since superd began
  Failures failures;
  TimePoint next_attempt{};  // in backoff: when
  std::optional<Exit> last_exit;
  SpawnId last_spawn{};              // whose output explains last_exit
  std::vector<CommandId> starters;   // wait for the outcome of the first attempt
  std::vector<CommandId> replacers;  // wait for that of the next life
  std::vector<CommandId> stoppers;   // wait until no process is left
};

// Every process tree of the worker, the one that counts first.
template <class Each>
void each_life(const Worker& worker, Each each) {
  if (worker.life) each(*worker.life);
  if (worker.next) each(*worker.next);
  for (const Life& life : worker.draining) each(life);
}

namespace worker_event {
struct Start {
  CommandId command{};
  std::string cause;
};
struct Stop {
  CommandId command{};
  std::string cause;
};
// By the strategy a process that is not asked to leave yet goes on until the new one is ready.
struct Restart {
  CommandId command{};
  std::string cause;
  std::optional<int> generation;  // of a roll
  RollStrategy strategy = RollStrategy::rolling;
};
// The process that was to take the place of the current one is no longer wanted.
struct Withdraw {
  std::string why;
};
// What is left of it leaves and takes no place in the slot any more: a start need not wait for it.
struct Vacate {
  std::string cause;
};
// Its turn has come; `generation` is what a worker goes by that no roll restarts.
struct Turn {
  SpawnId spawn{};
  int generation = 0;
};
// Everything ends now, without grace.
struct Kill {
  std::string cause;
};
}  // namespace worker_event

using WorkerEvent = std::variant<worker_event::Start, worker_event::Stop, worker_event::Restart,
                                 worker_event::Withdraw, worker_event::Vacate, worker_event::Turn,
                                 worker_event::Kill, ProcessMade, ProgramExecuted, ReadinessSeen,
                                 TimeoutExtended, MainExited, TreeGone, TimerFired>;

// What a command learns of this worker.
struct Settled {
  CommandId command{};
  WorkerOutcome outcome;
};

struct WorkerStep {
  Worker worker;
  std::vector<Effect> effects;
  std::vector<Settled> settled;
};

// How often KILL is repeated, a second apart, before the worker counts as unkillable.
inline constexpr int kMaxKills = 10;

WorkerStep step(Worker worker, const WorkerEvent& event, const Policy& policy, TimePoint now);

// Whether it takes one of superd.max_starting: it has a process that is getting ready.
bool is_being_started(const Worker& worker);
// Whether no process is left, nor any that is to come.
bool is_at_rest(const Worker& worker);
// Whether no process is to come, and every one that is left survived KILL.
bool is_unkillable(const Worker& worker);

}  // namespace superd::core
