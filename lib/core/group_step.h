#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/group.h"

namespace superd::core {

// One step of a group in the making: group.cc answers requests and passes events on to workers,
// group_roll.cc moves the roll on, group_return.cc ends it, group_demand.cc lets the group go
// without processes until a connection comes, group_config.cc changes its configuration,
// group_mend.cc makes what was read back fit together. Of no use outside of these.
class GroupStepper {
 public:
  GroupStepper(Group group, TimePoint now) : g_(std::move(group)), now_(now) {}

  void on(const StartRequested& e);
  void on(const StopRequested& e);
  void on(const RestartRequested& e);
  void on(const ConnectionWaits& e);
  void on(const GroupIdle& e);
  void on(const GroupConfigured& e);
  void on(const KillGroup& e);
  void on(const ForWorker& e);
  void on(const RecipeMade& e);
  void on(const BeforeEnded& e);
  void on(const GoOn& e);

  GroupStep result();

 private:
  // Requests and their answers (group.cc).
  [[nodiscard]] std::vector<int> numbers(const Target& target) const;
  Worker& worker(int number) {
    touched_.insert(number);
    return g_.workers.at(static_cast<std::size_t>(number - 1));
  }
  void tell(int number, const WorkerEvent& event);
  void settle(const Settled& settled);
  void expect(CommandId id, const std::string& cause, const std::vector<int>& targets);
  void answer(CommandId id, Command command);
  void make_recipe();
  void drop_unused_recipes();

  // Another configuration (group_config.cc).
  void take_spec(const SpecPtr& spec, GroupConfigured::Recipe recipe);
  void return_to_spec(const SpecPtr& spec, int failed_generation);
  void change_number(const GroupConfigured& e);
  void drop_surplus();
  // Whether the target is a worker that is to go; the command is answered then.
  bool refuses_surplus(CommandId command, const Target& target);

  // Without processes until a connection comes (group_demand.cc).
  void leave_until_demand(Demand::Recipe recipe, const std::string& cause);
  void drop_demand();

  // The roll goes on (group_roll.cc).
  void begin_roll(const NextRoll& request);
  // The next thing to do before anything is touched; where there is none, the replacing begins.
  void prepare(Preparation from);
  void begin_replacing();
  // Does what the roll can do now, as long as something follows from it.
  void advance_roll();
  void release_places();
  void restart_next();
  [[nodiscard]] bool has_place() const;
  void settle_in_roll(const WorkerOutcome& outcome);
  void note_replaced(const WorkerOutcome& outcome);
  void take_out_of_rolls(int number);
  void let_into_rolls(const Target& target);
  SpawnId serving(int number);
  // `spawn`: of the process that it is about; 0: none.
  void note_step(RollStep::Kind kind, int number, const std::string& message, SpawnId spawn = {});

  // After it was read back (group_mend.cc).
  void mend_turn(int number);

  // The roll ends (group_return.cc).
  void fail_roll(int number, const std::string& why);
  // New processes on their way are no longer wanted.
  void withdraw_others(const std::string& why);
  void begin_return();
  [[nodiscard]] std::vector<int> left_without_process();
  [[nodiscard]] std::size_t left_by_another_generation() const;
  [[nodiscard]] std::string no_way_back() const;
  void end_return();
  void fail_return(const WorkerOutcome& outcome);
  void end_roll(RollResult result, const std::string& why);
  void cut_roll_short();
  void cancel_rolls(const std::string& why);
  void finish_roll();
  void answer_roll(CommandId roll, const std::vector<CommandId>& ids, Answer answer);

  Group g_;
  TimePoint now_;
  std::string because_;  // the cause of this step
  std::vector<Effect> effects_;
  std::set<int> touched_;
};

}  // namespace superd::core
