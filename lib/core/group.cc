#include "core/group.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace superd::core {
namespace {

class GroupStepper {
 public:
  GroupStepper(Group group, TimePoint now) : g_(std::move(group)), now_(now) {}

  void on(const StartRequested& e);
  void on(const StopRequested& e);
  void on(const RestartRequested& e);
  void on(const KillGroup& e);
  void on(const ForWorker& e);
  void on(const RecipeMade&) {}
  void on(const BeforeEnded&) {}

  GroupStep result();

 private:
  std::vector<int> numbers(const Target& target) const;
  void tell(int number, const WorkerEvent& event);
  void settle(const Settled& settled);
  void expect(CommandId id, const std::string& cause, const std::vector<int>& targets);
  void answer(CommandId id, Command command);
  void make_recipe();
  void drop_unused_recipes();

  void begin_roll(NextRoll request);
  void restart_next();
  void advance_roll();
  void abort_roll(const std::string& why);
  void cancel_rolls(const std::string& why);
  void finish_roll();
  void answer_roll(const std::vector<CommandId>& ids, Answer answer);
  void take_out_of_rolls(int number);
  void let_into_next_roll(const Target& target);

  Group g_;
  TimePoint now_;
  std::string because_;  // the cause of this step
  std::vector<Effect> effects_;
};

std::vector<int> GroupStepper::numbers(const Target& target) const {
  if (target.worker != 0) return {target.worker};
  std::vector<int> all;
  for (const Worker& worker : g_.workers) all.push_back(worker.ref.number);
  return all;
}

void GroupStepper::tell(int number, const WorkerEvent& event) {
  Worker& worker = g_.workers.at(static_cast<std::size_t>(number - 1));
  WorkerStep done = step(std::move(worker), event, g_.policy, now_);
  worker = std::move(done.worker);
  std::move(done.effects.begin(), done.effects.end(), std::back_inserter(effects_));
  for (const Settled& settled : done.settled) settle(settled);
}

void GroupStepper::settle(const Settled& settled) {
  if (g_.roll && g_.roll->id == settled.command &&
      g_.roll->in_hand.contains(settled.outcome.number)) {
    g_.roll->in_hand.erase(settled.outcome.number);
    g_.roll->outcomes.push_back(settled.outcome);
    if (!settled.outcome.ok) abort_roll("a new process failed");
    advance_roll();
    return;
  }
  const auto found = g_.commands.find(settled.command);
  if (found == g_.commands.end()) return;
  found->second.pending.erase(settled.outcome.number);
  found->second.outcomes.push_back(settled.outcome);
  if (!found->second.pending.empty()) return;
  Command command = std::move(found->second);
  g_.commands.erase(found);
  answer(settled.command, std::move(command));
}

void GroupStepper::expect(CommandId id, const std::string& cause, const std::vector<int>& targets) {
  if (id == kOwnCommand) return;
  Command command{.cause = cause, .pending = {targets.begin(), targets.end()}, .outcomes = {}};
  if (targets.empty()) {
    answer(id, std::move(command));
  } else {
    g_.commands[id] = std::move(command);
  }
}

void GroupStepper::answer(CommandId id, Command command) {
  std::sort(command.outcomes.begin(), command.outcomes.end(),
            [](const WorkerOutcome& a, const WorkerOutcome& b) { return a.number < b.number; });
  const bool ok = std::all_of(command.outcomes.begin(), command.outcomes.end(),
                              [](const WorkerOutcome& o) { return o.ok; });
  effects_.push_back(Answer{.command = id,
                            .group = g_.name,
                            .ok = ok,
                            .message = {},
                            .generation = g_.in_force,
                            .workers = std::move(command.outcomes)});
}

void GroupStepper::make_recipe() {
  g_.recipes.insert(++g_.last_generation);
  effects_.push_back(MakeRecipe{.group = g_.name, .generation = g_.last_generation});
}

void GroupStepper::drop_unused_recipes() {
  if (g_.recipes.size() < 2) return;
  std::set<int> used = {g_.in_force};
  if (g_.roll) used.insert(g_.roll->generation);
  for (const Worker& worker : g_.workers) {
    if (worker.life) used.insert(worker.life->generation);
    for (const Life& life : worker.draining) used.insert(life.generation);
  }
  std::erase_if(g_.recipes, [&](int generation) {
    if (used.contains(generation)) return false;
    effects_.push_back(DropRecipe{.group = g_.name, .generation = generation});
    return true;
  });
}

void GroupStepper::on(const ForWorker& e) {
  tell(e.number, e.event);
  because_ = g_.workers.at(static_cast<std::size_t>(e.number - 1)).cause;
}

void GroupStepper::on(const StartRequested& e) {
  because_ = e.cause;
  g_.cause = e.cause;
  // The first start of a group makes its first recipe; later starts go by the one in force.
  if (g_.in_force == 0) {
    make_recipe();
    g_.in_force = g_.last_generation;
  }
  let_into_next_roll(e.target);
  const std::vector<int> targets = numbers(e.target);
  expect(e.command, e.cause, targets);
  for (const int number : targets) {
    tell(number, worker_event::Start{.command = e.command, .cause = e.cause});
  }
}

void GroupStepper::on(const StopRequested& e) {
  because_ = e.cause;
  const std::vector<int> targets = numbers(e.target);
  expect(e.command, e.cause, targets);
  if (e.target.worker == 0) {
    g_.cause = e.cause;
    cancel_rolls("the group was stopped");
  } else {
    take_out_of_rolls(e.target.worker);
  }
  for (const int number : targets) {
    tell(number, worker_event::Stop{.command = e.command, .cause = e.cause});
  }
  advance_roll();
}

void GroupStepper::on(const RestartRequested& e) {
  because_ = e.cause;
  if (g_.in_force == 0) {
    on(StartRequested{.command = e.command, .target = e.target, .cause = e.cause});
    return;
  }
  let_into_next_roll(e.target);
  if (e.target.worker != 0) {
    expect(e.command, e.cause, {e.target.worker});
    tell(e.target.worker,
         worker_event::Restart{.command = e.command, .cause = e.cause, .generation = {}});
    return;
  }
  if (!g_.roll) {
    begin_roll({.ids = {e.command}, .cause = e.cause, .pace = e.pace, .without = {}});
    return;
  }
  if (!g_.next_roll) g_.next_roll = NextRoll{};
  g_.next_roll->ids.push_back(e.command);
  g_.next_roll->cause = e.cause;
  if (e.pace == Pace::at_once) g_.next_roll->pace = Pace::at_once;
}

void GroupStepper::on(const KillGroup& e) {
  because_ = e.cause;
  g_.cause = e.cause;
  cancel_rolls("the group was stopped");
  for (const Worker& worker : std::vector<Worker>(g_.workers)) {
    tell(worker.ref.number, worker_event::Kill{.cause = e.cause});
  }
  advance_roll();
}

void GroupStepper::begin_roll(NextRoll request) {
  g_.cause = request.cause;
  make_recipe();
  Roll roll{.id = request.ids.front(),
            .also = {request.ids.begin() + 1, request.ids.end()},
            .generation = g_.last_generation,
            .cause = request.cause,
            .waiting = {},
            .in_hand = {},
            .outcomes = {},
            .aborted = {}};
  for (const Worker& worker : g_.workers) {
    if (!request.without.contains(worker.ref.number)) roll.waiting.push_back(worker.ref.number);
  }
  g_.roll = std::move(roll);
  // Where nothing serves there is nothing that a turn could keep serving: all start at once.
  if (request.pace == Pace::at_once || census(g_).ready == 0) {
    while (g_.roll && !g_.roll->waiting.empty()) restart_next();
  }
  advance_roll();
}

void GroupStepper::advance_roll() {
  if (!g_.roll || !g_.roll->in_hand.empty()) return;
  if (g_.roll->waiting.empty()) {
    finish_roll();
  } else {
    restart_next();
  }
}

void GroupStepper::restart_next() {
  Roll& roll = *g_.roll;
  const int number = roll.waiting.front();
  roll.waiting.pop_front();
  roll.in_hand.insert(number);
  tell(number, worker_event::Restart{
                   .command = roll.id, .cause = roll.cause, .generation = roll.generation});
}

void GroupStepper::abort_roll(const std::string& why) {
  if (!g_.roll) return;
  g_.roll->waiting.clear();
  if (g_.roll->aborted.empty()) g_.roll->aborted = why;
  // Whoever has not started yet starts by what stays in force.
  for (Worker& worker : g_.workers) worker.roll_to.reset();
}

void GroupStepper::cancel_rolls(const std::string& why) {
  abort_roll(why);
  if (!g_.next_roll) return;
  const NextRoll next = *std::exchange(g_.next_roll, std::nullopt);
  answer_roll(
      next.ids,
      Answer{
          .group = g_.name, .ok = false, .message = why, .generation = g_.in_force, .workers = {}});
}

// The latest word on a worker is the stop; the roll goes on with the others.
void GroupStepper::take_out_of_rolls(int number) {
  if (g_.next_roll) g_.next_roll->without.insert(number);
  if (!g_.roll) return;
  std::erase(g_.roll->waiting, number);
  g_.roll->in_hand.erase(number);
}

void GroupStepper::let_into_next_roll(const Target& target) {
  if (!g_.next_roll) return;
  for (const int number : numbers(target)) g_.next_roll->without.erase(number);
}

void GroupStepper::finish_roll() {
  Roll roll = *std::exchange(g_.roll, std::nullopt);
  if (roll.outcomes.empty() && roll.aborted.empty()) roll.aborted = "every worker was stopped";
  const bool ok = roll.aborted.empty();
  if (ok) g_.in_force = roll.generation;
  roll.also.insert(roll.also.begin(), roll.id);
  answer_roll(roll.also, Answer{.group = g_.name,
                                .ok = ok,
                                .message = roll.aborted,
                                .generation = g_.in_force,
                                .workers = std::move(roll.outcomes)});
  if (g_.next_roll) begin_roll(*std::exchange(g_.next_roll, std::nullopt));
}

void GroupStepper::answer_roll(const std::vector<CommandId>& ids, Answer answer) {
  for (const CommandId id : ids) {
    if (id == kOwnCommand) continue;
    answer.command = id;
    effects_.push_back(answer);
  }
}

GroupStep GroupStepper::result() {
  drop_unused_recipes();
  const GroupState from = g_.state;
  g_.state = derive_state(g_);
  if (g_.state != from) {
    if (from == GroupState::stopped || from == GroupState::failed) g_.up_since = now_;
    g_.since = now_;
    effects_.push_back(
        GroupChanged{.group = g_.name, .from = from, .to = g_.state, .cause = because_});
  }
  return {.group = std::move(g_), .effects = std::move(effects_)};
}

}  // namespace

Group make_group(const GroupSpec& spec) {
  Group group;
  group.name = spec.name;
  group.policy = Policy{.ready = spec.ready, .stop = spec.stop, .respawn = spec.respawn};
  for (int number = 1; number <= spec.workers; ++number) {
    Worker worker;
    worker.ref = WorkerRef{.group = spec.name, .number = number};
    group.workers.push_back(std::move(worker));
  }
  return group;
}

int generation_to_start(const Group& group, int number) {
  if (!group.roll || !group.roll->aborted.empty()) return group.in_force;
  const std::deque<int>& waiting = group.roll->waiting;
  const bool waits = std::find(waiting.begin(), waiting.end(), number) != waiting.end();
  return waits ? group.in_force : group.roll->generation;
}

GroupStep step(Group group, const GroupEvent& event, TimePoint now) {
  GroupStepper stepper(std::move(group), now);
  std::visit([&](const auto& e) { stepper.on(e); }, event);
  return stepper.result();
}

}  // namespace superd::core
