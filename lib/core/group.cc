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
  void on(const ForWorker& e) { tell(e.number, e.event); }

  GroupStep result();

 private:
  std::vector<int> numbers(const Target& target) const;
  void tell(int number, const WorkerEvent& event);
  void settle(const Settled& settled);
  void answer(CommandId id, const Command& command);
  void ensure_recipe();

  void begin_roll(std::vector<CommandId> ids, const std::string& cause, Pace pace);
  void advance_roll();
  void abort_roll(const std::string& why);
  void finish_roll();

  Group g_;
  TimePoint now_;
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
  if (g_.roll && g_.roll->id == settled.command) {
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
  const Command command = std::move(found->second);
  g_.commands.erase(found);
  answer(settled.command, command);
}

void GroupStepper::answer(CommandId id, const Command& command) {
  const bool ok = std::all_of(command.outcomes.begin(), command.outcomes.end(),
                              [](const WorkerOutcome& o) { return o.ok; });
  effects_.push_back(Answer{.command = id,
                            .group = g_.name,
                            .ok = ok,
                            .message = {},
                            .generation = g_.in_force,
                            .workers = command.outcomes});
}

// The first start of a group makes its first recipe; later starts go by the one in force.
void GroupStepper::ensure_recipe() {
  if (g_.in_force != 0) return;
  g_.in_force = ++g_.last_generation;
  effects_.push_back(MakeRecipe{.group = g_.name, .generation = g_.in_force});
}

void GroupStepper::on(const StartRequested& e) {
  ensure_recipe();
  g_.cause = e.cause;
  const std::vector<int> targets = numbers(e.target);
  g_.commands[e.command] =
      Command{.cause = e.cause, .pending = {targets.begin(), targets.end()}, .outcomes = {}};
  for (const int number : targets) {
    tell(number, worker_event::Start{.command = e.command, .cause = e.cause});
  }
}

void GroupStepper::on(const StopRequested& e) {
  const std::vector<int> targets = numbers(e.target);
  g_.commands[e.command] =
      Command{.cause = e.cause, .pending = {targets.begin(), targets.end()}, .outcomes = {}};
  if (e.target.worker == 0) {
    g_.cause = e.cause;
    abort_roll("the group was stopped");
  } else if (g_.roll) {
    std::erase(g_.roll->waiting, e.target.worker);
  }
  for (const int number : targets) {
    tell(number, worker_event::Stop{.command = e.command, .cause = e.cause});
  }
  advance_roll();
}

void GroupStepper::on(const RestartRequested& e) {
  if (e.target.worker != 0) {
    ensure_recipe();
    g_.commands[e.command] =
        Command{.cause = e.cause, .pending = {e.target.worker}, .outcomes = {}};
    tell(e.target.worker,
         worker_event::Restart{.command = e.command, .cause = e.cause, .generation = {}});
    return;
  }
  if (g_.in_force == 0) {
    on(StartRequested{.command = e.command, .target = e.target, .cause = e.cause});
    return;
  }
  if (!g_.roll) {
    begin_roll({e.command}, e.cause, e.pace);
    return;
  }
  if (!g_.next_roll) g_.next_roll = NextRoll{};
  g_.next_roll->ids.push_back(e.command);
  g_.next_roll->cause = e.cause;
  if (e.pace == Pace::at_once) g_.next_roll->pace = Pace::at_once;
}

void GroupStepper::on(const KillGroup& e) {
  g_.cause = e.cause;
  abort_roll("the group was stopped");
  for (const Worker& worker : std::vector<Worker>(g_.workers)) {
    tell(worker.ref.number, worker_event::Kill{.cause = e.cause});
  }
  advance_roll();
}

void GroupStepper::begin_roll(std::vector<CommandId> ids, const std::string& cause, Pace pace) {
  g_.cause = cause;
  Roll roll{.id = ids.front(),
            .also = {ids.begin() + 1, ids.end()},
            .generation = ++g_.last_generation,
            .cause = cause,
            .waiting = {},
            .in_hand = {},
            .outcomes = {},
            .aborted = {}};
  effects_.push_back(MakeRecipe{.group = g_.name, .generation = roll.generation});
  // Nothing serves that a turn could keep serving: all start at once.
  const bool nobody_ready = census(g_).ready == 0;
  for (const Worker& worker : g_.workers) roll.waiting.push_back(worker.ref.number);
  g_.roll = std::move(roll);
  if (pace == Pace::in_turn && !nobody_ready) {
    advance_roll();
    return;
  }
  const std::deque<int> all = std::exchange(g_.roll->waiting, {});
  g_.roll->in_hand = {all.begin(), all.end()};
  const Roll now = *g_.roll;
  for (const int number : all) {
    tell(number, worker_event::Restart{
                     .command = now.id, .cause = now.cause, .generation = now.generation});
  }
}

void GroupStepper::advance_roll() {
  if (!g_.roll || !g_.roll->in_hand.empty()) return;
  if (g_.roll->waiting.empty()) {
    finish_roll();
    return;
  }
  const int number = g_.roll->waiting.front();
  g_.roll->waiting.pop_front();
  g_.roll->in_hand.insert(number);
  const Roll now = *g_.roll;
  tell(number,
       worker_event::Restart{.command = now.id, .cause = now.cause, .generation = now.generation});
}

void GroupStepper::abort_roll(const std::string& why) {
  if (!g_.roll) return;
  g_.roll->waiting.clear();
  if (g_.roll->aborted.empty()) g_.roll->aborted = why;
}

void GroupStepper::finish_roll() {
  const Roll roll = std::move(*g_.roll);
  g_.roll.reset();
  const bool ok = roll.aborted.empty();
  const int dropped = ok ? std::exchange(g_.in_force, roll.generation) : roll.generation;
  effects_.push_back(DropRecipe{.group = g_.name, .generation = dropped});
  Answer answer{.command = roll.id,
                .group = g_.name,
                .ok = ok,
                .message = roll.aborted,
                .generation = g_.in_force,
                .workers = roll.outcomes};
  std::vector<CommandId> ids = roll.also;
  ids.insert(ids.begin(), roll.id);
  for (const CommandId id : ids) {
    answer.command = id;
    effects_.push_back(answer);
  }
  if (!g_.next_roll) return;
  const NextRoll next = std::move(*g_.next_roll);
  g_.next_roll.reset();
  if (roll.aborted != "the group was stopped") {
    begin_roll(next.ids, next.cause, next.pace);
    return;
  }
  answer.ok = false;
  answer.workers.clear();
  for (const CommandId id : next.ids) {
    answer.command = id;
    effects_.push_back(answer);
  }
}

GroupStep GroupStepper::result() {
  const GroupState from = g_.state;
  g_.state = derive_state(g_);
  if (g_.state != from) {
    if (from == GroupState::stopped) g_.up_since = now_;
    g_.since = now_;
    effects_.push_back(
        GroupChanged{.group = g_.name, .from = from, .to = g_.state, .cause = g_.cause});
  }
  return {.group = std::move(g_), .effects = std::move(effects_)};
}

bool is_wanted(const Worker& worker) {
  switch (worker.state) {
    case WorkerState::starting:
    case WorkerState::ready:
    case WorkerState::backoff:
    case WorkerState::failed:
      return true;
    case WorkerState::stopping:
    case WorkerState::unkillable:
      return worker.afterwards != Afterwards::rest;
    case WorkerState::stopped:
    case WorkerState::exited:
      return false;
  }
  std::abort();
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

GroupStep step(Group group, const GroupEvent& event, TimePoint now) {
  GroupStepper stepper(std::move(group), now);
  std::visit([&](const auto& e) { stepper.on(e); }, event);
  return stepper.result();
}

Census census(const Group& group) {
  Census count;
  for (const Worker& worker : group.workers) {
    if (worker.state == WorkerState::ready) ++count.ready;
    if (is_wanted(worker)) ++count.wanted;
  }
  return count;
}

GroupState derive_state(const Group& group) {
  if (group.roll) return GroupState::rolling;
  const auto any = [&](auto predicate) {
    return std::any_of(group.workers.begin(), group.workers.end(), predicate);
  };
  const Census count = census(group);
  if (count.wanted == 0) {
    const bool leaving = any([](const Worker& w) { return !is_at_rest(w); });
    return leaving ? GroupState::stopping : GroupState::stopped;
  }
  if (count.ready == count.wanted) return GroupState::running;
  const bool in_trouble = any([](const Worker& w) {
    return w.state == WorkerState::backoff || w.state == WorkerState::failed ||
           w.state == WorkerState::unkillable;
  });
  const bool coming_up = group.state == GroupState::stopped || group.state == GroupState::starting;
  if (count.ready > 0) {
    return coming_up && !in_trouble ? GroupState::starting : GroupState::degraded;
  }
  const bool goes_on =
      any([](const Worker& w) { return is_wanted(w) && w.state != WorkerState::failed; });
  return goes_on ? GroupState::starting : GroupState::failed;
}

}  // namespace superd::core
