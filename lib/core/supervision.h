#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/dependencies.h"
#include "core/event.h"
#include "core/group.h"
#include "core/recovery.h"

namespace superd::core {

// Everything that superd decides. Routes each event to its group and worker, hands out turns to
// start (at most `max_starting` workers are being started at a time, over all groups, first come
// first served), keeps groups that depend on each other in order, and ends all groups at a
// shutdown. No kernel, no clock, no log: the same events at the same times give the same effects.
//
// The start of a group that is down (or of one of its workers) starts whatever it depends on, over
// any number of steps, that is not up, and its own workers wait until all of that is. Nothing else
// waits: a group that was up goes on without those that it depends on. When what it waits for
// fails, the command is answered so; the workers go on waiting. The stop of a group stops the
// groups that depend on it first, and waits until no process of them is left; a start of it, or of
// one of those, takes the stop back as long as it waits.
class Supervision {
 public:
  struct Options {
    // The first spawn id; ids count up from it and are never used twice.
    std::uint64_t first_spawn = 1;
    int max_starting = 4;  // > 0
    // No worker gets its turn before the event StartsAllowed; everything else goes its way.
    bool hold_starts = false;
  };

  explicit Supervision(Options options) : options_(options), next_spawn_(options.first_spawn) {}

  // Groups are known before the first event; their names differ.
  void add_group(const GroupSpec& spec) { add_group(std::make_shared<const GroupSpec>(spec)); }
  void add_group(SpecPtr spec);

  // Instead of add_group(): groups as an earlier supervisor left them, in config order. Nobody
  // waits for commands that it was given.
  void restore(std::vector<Group> groups, const InHand& in_hand);
  // What the edge has to do to go on from there (core/recovery.h), before the first event.
  std::vector<Effect> resume(const Unmade& unmade, TimePoint now);
  [[nodiscard]] InHand in_hand() const;
  // What may be another since the last call: workers, groups (number 0; also such as are gone).
  std::set<WorkerRef> take_touched() { return std::exchange(touched_, {}); }

  // The effects are to be carried out in their order, before those of the next event. An event for
  // a group, worker or spawn that does not exist has none; callers that owe somebody an answer
  // check first with find(). Once a shutdown began, starts and restarts are answered with a
  // refusal.
  std::vector<Effect> handle(const Event& event, TimePoint now);

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }  // in config order
  [[nodiscard]] const Group* find(const std::string& group) const;
  [[nodiscard]] const Worker* find(const WorkerRef& worker) const;
  // The worker whose spawn this is, while a process of it may be left.
  [[nodiscard]] const Worker* owner(SpawnId spawn) const;
  [[nodiscard]] bool shutting_down() const { return shutting_down_; }
  [[nodiscard]] const Dependencies& dependencies() const { return dependencies_; }
  // The groups that the starting workers of this one wait for; empty: they wait for none.
  [[nodiscard]] std::vector<std::string> waits_for(const std::string& group) const;

 private:
  // Of a group whose workers wait for others to be up.
  struct Hold {
    std::vector<std::string> needs;  // all of them
    std::deque<WorkerRef> queue;     // take their place in the turn queue when the hold ends
    std::map<CommandId, std::set<int>> commands;  // wait with it, each for these workers
    std::optional<RunBefore> kept_back;           // until the hold ends
  };
  // Of a group that stops when no process is left of those that depend on it.
  struct Stop {
    std::set<std::string> on_behalf_of;  // whose stop it is: its own, or of groups it depends on
    std::vector<CommandId> commands;     // of its own
    std::string cause;
  };

  void on(const StartRequested& e);
  void on(const StopRequested& e);
  void on(const RestartRequested& e);
  void on(const GroupConfigured& e);
  void on(const GroupRemoved& e);
  void on(const GroupsOrdered& e);
  void on(const ConnectionWaits& e);
  void on(const GroupIdle& e) { tell_group(e.group, e); }
  void on(const ShutdownRequested& e);
  template <class SpawnEvent>
  void on(const SpawnEvent& e) {
    tell_spawn(e.spawn, e);
  }
  void on(const TimerFired& e);
  void on(const RecipeMade& e) { tell_group(e.group, e); }
  void on(const BeforeEnded& e) { tell_group(e.group, e); }
  void on(const StartsAllowed&) { options_.hold_starts = false; }

  [[nodiscard]] bool exists(const Target& target) const;
  void refuse(CommandId command, const std::string& group, const std::string& why);
  void tell_group(const std::string& name, const GroupEvent& event);
  void note_queued(const Group& group, const std::set<int>& queued_before);
  void emit(Effect effect);
  void tell_spawn(SpawnId spawn, const WorkerEvent& event);
  void give_turns();
  void check_shutdown_done();

  // supervision_config.cc: groups that come and go.
  void depend(const GroupSpec& spec);
  void look_after_removed();

  // supervision_recovery.cc
  void restore_queue(const Group& group);

  // supervision_order.cc: groups that depend on each other.
  void prepare_start(const Target& target, CommandId command, const std::string& cause);
  void start_needed(const std::string& name, const std::string& cause);
  // Where the group is down and something of what it needs is not up.
  void begin_hold(const std::string& name);
  [[nodiscard]] std::vector<std::string> not_up(const std::vector<std::string>& names) const;
  // Whether a hold keeps the effect, or an answer was given already; else the effect may be
  // changed.
  bool hold_back(Effect& effect);
  bool hold_back(Hold& hold, Effect& effect);
  void look_after_holds();
  void end_hold(Hold hold);
  void answer_held(const std::string& name, Hold& hold);
  void tell_what_is_waited_for(const std::string& name);

  void prepare_stop(const std::string& name, const std::string& cause);
  void take_back_stops(const std::string& name);
  void take_back_stops_of(const std::string& root);
  void look_after_stops();
  void deliver_stop(const std::string& name, const Stop& stop);

  Options options_;
  std::uint64_t next_spawn_;
  std::vector<std::string> names_;
  std::map<std::string, Group> groups_;
  Dependencies dependencies_;
  std::map<SpawnId, WorkerRef> spawns_;
  std::deque<WorkerRef> queue_;
  std::map<std::string, Hold> holds_;
  std::map<std::string, Stop> stops_;
  std::set<std::string> removed_;  // groups that stop for good
  std::set<CommandId> answered_;  // by superd ahead of their group, which still owes its own answer
  std::set<WorkerRef> touched_;
  int being_started_ = 0;
  bool shutting_down_ = false;
  bool done_ = false;

  TimePoint now_{};
  std::vector<Effect> effects_;
};

}  // namespace superd::core
