#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/supervision.h"
#include "journal/state_json.h"

namespace superd::core {

// The core in a world that does what it likes: processes that get ready, die, ignore signals or
// survive KILL, commands at any time, events that come late, twice or for somebody else. After each
// event the effects and the state are held against what must always be true; the first breach is
// kept.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed);

  // One thing happens, by the seed's choice.
  void step();
  // Nobody asks for anything any more, and every process does what it is told. Those that survive
  // KILL stay.
  void settle();
  // Nothing survives KILL any more.
  void let_all_die() { all_die_ = true; }
  void shut_down(Urgency urgency);
  // Another core goes on with what the journal has of this one.
  void crash();
  // From now on what was written is kept for crash_spoiled().
  void keep_what_was_written();
  // The same as crash(), with a journal in which the latest line of any value is lost, so that the
  // one before counts. What is of several moments cannot keep every promise: from now on only that
  // is held against the core that the world settles, and check_rolls().
  void crash_spoiled();
  // After settle(): every roll has ended.
  void check_rolls();

  // After settle(), with everything shut down and let die: nothing may be left.
  void check_settled();
  void check_nothing_left();

  // The first breach, with the last events before it; empty: none.
  [[nodiscard]] const std::string& breach() const { return breach_; }
  [[nodiscard]] bool shutdown_asked() const { return shutdown_asked_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  static constexpr const char* kInOrder = "signal TERM";  // the cause of an ordered shutdown

  struct Process {
    WorkerRef worker;
    int generation = 0;
    bool stubborn = false;  // ignores the stop signal
    bool immortal = false;  // survives KILL
    bool has_children = false;
    bool executed = false;
    bool watched = false;
    bool main_gone = false;  // and the core was told
    bool main_signaled = false;
    bool tree_signaled = false;
    int kills = 0;
    bool forgotten = false;
  };
  // Known spawns; those that are forgotten stay, for late events.
  using Processes = std::map<SpawnId, Process>;

  // --- what happens
  void make_group(int index, int groups);
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  Target any_target();
  SpawnId any_spawn();
  Exit any_exit();
  Pace any_pace();
  void command();
  void configure();
  void process_acts(SpawnId id);
  void end_before(int percent_ok);
  void noise();
  void advance(Duration duration);
  bool obey(SpawnId id);

  // --- what the core does
  void send(const Event& event);
  void on_effect(const Effect& effect);
  void on(const MakeRecipe& e);
  void on(const DropRecipe& e);
  void on(const Spawn& e);
  void on(const WatchReadiness& e);
  void on(const UnwatchReadiness&) {}
  void on(const RunBefore& e);
  void on(const CancelBefore& e);
  void on(const SpecTaken& e);
  void on(const GroupGone& e);
  void on(const WatchDemand& e);
  void on(const UnwatchDemand& e);
  void on(const SignalMain& e);
  void on(const SignalTree& e);
  void on(const KillTree& e);
  void on(const Forget& e);
  void on(const ArmTimer& e);
  void on(const CancelTimer& e);
  void on(const WorkerChanged& e);
  void on(const GroupChanged& e);
  void on(const RollBegan& e);
  void on(const RollStep& e);
  void on(const RollEnded& e);
  void on(const Answer& e);
  void on(const ShutdownDone& e);

  // --- the supervisor that comes after one that died
  struct Written {
    std::string now;
    std::string before;  // the same where it was written once
  };
  void note_written();
  static void note(Written& written, std::string text);
  [[nodiscard]] std::vector<Group> reread();
  [[nodiscard]] std::vector<Group> reread_spoiled();
  void go_on_with(std::vector<Group> groups);
  void take_states(const std::vector<Group>& groups);
  void tell_what_became_of_processes();

  // --- what must be true
  void expect(bool holds, const std::string& rule);
  void expect_always(bool holds, const std::string& rule);
  Process* alive(SpawnId id, const std::string& what);
  void check_state();
  void check_group(const Group& group);
  void check_worker(const Worker& worker);
  void check_lives(const Worker& worker);
  void check_timers(const Worker& worker);
  [[nodiscard]] bool armed(TimerKind kind, const Worker& worker, SpawnId spawn) const;

  std::mt19937_64 random_;
  int max_starting_;
  Supervision core_;
  TimePoint now_{std::chrono::hours(1)};

  std::uint64_t last_command_ = 0;
  std::set<CommandId> owed_;
  CommandId given_up_{};  // whoever waited for this one, or one before, lost the supervisor
  Processes processes_;
  std::map<TimerKey, TimePoint> timers_;
  std::set<std::pair<std::string, int>> recipes_;
  std::map<WorkerRef, WorkerState> worker_states_;
  std::map<std::string, GroupState> group_states_;
  std::map<std::string, GroupSpec> specs_;         // as the core has taken them
  std::set<std::string> demanded_;                 // groups whose next connection is to be told
  std::map<std::string, CommandId> befores_;       // roll.before commands that run
  std::map<std::string, CommandId> rolls_;         // that have begun and not ended
  std::vector<std::pair<std::string, int>> made_;  // recipes that the core is to hear of
  std::set<std::string> ever_up_;                  // groups
  std::set<CommandId> early_;  // answered while their workers wait for another group
  int shutdowns_done_ = 0;
  bool shutdown_asked_ = false;
  bool all_die_ = false;
  bool keeps_written_ = false;
  bool is_spoiled_ = false;
  std::map<WorkerRef, Written> written_;  // number 0: the group
  journal::SpecNumbers spec_numbers_;
  bool resuming_ = false;  // after a crash: what was going on begins anew

  std::uint64_t events_ = 0;
  std::vector<std::string> trace_;
  std::string breach_;
};

}  // namespace superd::core
