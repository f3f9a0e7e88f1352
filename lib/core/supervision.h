#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/group.h"

namespace superd::core {

// Everything that superd decides. Routes each event to its group and worker, hands out turns to
// start (at most `max_starting` workers are being started at a time, over all groups, first come
// first served), and ends all groups at a shutdown. No kernel, no clock, no log: the same events at
// the same times give the same effects.
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
  void add_group(const GroupSpec& spec);

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

 private:
  void on(const StartRequested& e);
  void on(const StopRequested& e);
  void on(const RestartRequested& e);
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
  void refuse(CommandId command, const std::string& group);
  void tell_group(const std::string& name, const GroupEvent& event);
  void note_queued(const Group& group, const std::set<int>& queued_before);
  void tell_spawn(SpawnId spawn, const WorkerEvent& event);
  void give_turns();
  void check_shutdown_done();

  Options options_;
  std::uint64_t next_spawn_;
  std::vector<std::string> names_;
  std::map<std::string, Group> groups_;
  std::map<SpawnId, WorkerRef> spawns_;
  std::deque<WorkerRef> queue_;
  int being_started_ = 0;
  bool shutting_down_ = false;
  bool done_ = false;

  TimePoint now_{};
  std::vector<Effect> effects_;
};

}  // namespace superd::core
