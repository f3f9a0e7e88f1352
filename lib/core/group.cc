#include "core/group.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "core/group_step.h"

namespace superd::core {
std::vector<int> GroupStepper::numbers(const Target& target) const {
  if (target.worker != 0) return {target.worker};
  std::vector<int> all;
  for (const Worker& worker : g_.workers) {
    if (!worker.surplus) all.push_back(worker.ref.number);
  }
  return all;
}

void GroupStepper::tell(int number, const WorkerEvent& event) {
  Worker& told = worker(number);
  WorkerStep done = step(std::move(told), event, g_.policy, now_);
  told = std::move(done.worker);
  std::move(done.effects.begin(), done.effects.end(), std::back_inserter(effects_));
  for (const Settled& settled : done.settled) settle(settled);
}

void GroupStepper::settle(const Settled& settled) {
  if (g_.roll && g_.roll->id == settled.command &&
      g_.roll->in_hand.contains(settled.outcome.number)) {
    settle_in_roll(settled.outcome);
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
                            .roll = id,
                            .group = g_.name,
                            .ok = ok,
                            .message = {},
                            .generation = g_.in_force,
                            .workers = std::move(command.outcomes)});
}

void GroupStepper::make_recipe() {
  g_.recipes.insert(++g_.last_generation);
  effects_.push_back(
      MakeRecipe{.group = g_.name, .generation = g_.last_generation, .spec = g_.spec});
}

void GroupStepper::drop_unused_recipes() {
  if (g_.recipes.size() < 2) return;
  std::set<int> used = {g_.in_force};
  if (g_.roll) used.insert(g_.roll->generation);
  for (const Worker& worker : g_.workers) {
    if (worker.life) used.insert(worker.life->generation);
    if (worker.next) used.insert(worker.next->generation);
    for (const Life& life : worker.draining) used.insert(life.generation);
  }
  std::erase_if(g_.recipes, [&](int generation) {
    if (used.contains(generation)) return false;
    g_.fingerprints.erase(generation);
    g_.policy.older.erase(generation);
    effects_.push_back(DropRecipe{.group = g_.name, .generation = generation});
    return true;
  });
}

void GroupStepper::on(const RecipeMade& e) {
  if (g_.recipes.contains(e.generation)) g_.fingerprints[e.generation] = e.fingerprint;
}

void GroupStepper::on(const ForWorker& e) {
  const auto* timer = std::get_if<TimerFired>(&e.event);
  if (timer != nullptr && timer->key.kind == TimerKind::patience) {
    if (g_.roll) {
      std::erase_if(g_.roll->holding, [&](const auto& held) {
        return held.first == e.number && held.second == timer->key.spawn;
      });
    }
    return;
  }
  tell(e.number, e.event);
  because_ = worker(e.number).cause;
  const auto* turn = std::get_if<worker_event::Turn>(&e.event);
  if (turn != nullptr && g_.roll && g_.roll->in_hand.contains(e.number)) {
    note_step(RollStep::Kind::starting, e.number, "", turn->spawn);
  }
}

void GroupStepper::on(const StartRequested& e) {
  if (refuses_surplus(e.command, e.target)) return;
  because_ = e.cause;
  // A group that waits is started as a whole, as a connection does it: nothing would start those
  // that were left out.
  const Target target = g_.demand ? Target{.group = e.target.group} : e.target;
  const std::vector<int> targets = numbers(target);
  // What serves already goes on for the reason that it had.
  if (std::ranges::any_of(targets,
                          [&](int number) { return worker(number).state != WorkerState::ready; })) {
    g_.cause = e.cause;
  }
  // The first start of a group makes its first recipe; later starts go by the one in force.
  const bool anew = g_.demand && g_.demand->recipe == Demand::Recipe::anew;
  drop_demand();
  if (g_.in_force == 0 || anew) {
    make_recipe();
    g_.in_force = g_.last_generation;
  }
  let_into_rolls(target);
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
    const auto acts = [&](int number) { return !is_at_rest(worker(number)); };
    if (std::ranges::any_of(targets, acts)) g_.cause = e.cause;
    cancel_rolls("the group was stopped");
    drop_demand();
  } else {
    take_out_of_rolls(e.target.worker);
  }
  for (const int number : targets) {
    tell(number, worker_event::Stop{.command = e.command, .cause = e.cause});
  }
}

void GroupStepper::on(const RestartRequested& e) {
  if (refuses_surplus(e.command, e.target)) return;
  because_ = e.cause;
  const bool on_demand = e.pace == Pace::on_demand && e.target.worker == 0;
  const bool starts_waiting = g_.demand && e.target.worker != 0;
  if ((g_.in_force == 0 && !on_demand) || starts_waiting) {
    on(StartRequested{.command = e.command, .target = e.target, .cause = e.cause});
    return;
  }
  let_into_rolls(e.target);
  if (e.target.worker != 0) {
    const bool at_once = e.pace == Pace::at_once;
    expect(e.command, e.cause, {e.target.worker});
    tell(e.target.worker, worker_event::Restart{.command = e.command,
                                                .cause = e.cause,
                                                .generation = {},
                                                .strategy = at_once ? RollStrategy::stop_first
                                                                    : g_.policy.roll.strategy});
    return;
  }
  if (!g_.roll) {
    begin_roll({.ids = {e.command}, .cause = e.cause, .pace = e.pace, .without = {}});
    return;
  }
  if (!g_.next_roll) g_.next_roll = NextRoll{.pace = e.pace};
  // Who asked for new processes gets them, which serves those who could have waited as well.
  if (g_.next_roll->pace == Pace::on_demand) g_.next_roll->pace = e.pace;
  g_.next_roll->ids.push_back(e.command);
  g_.next_roll->cause = e.cause;
  if (e.pace != Pace::at_once) return;
  g_.next_roll->pace = Pace::at_once;
  cut_roll_short();
}

void GroupStepper::on(const KillGroup& e) {
  because_ = e.cause;
  g_.cause = e.cause;
  cancel_rolls("the group was stopped");
  drop_demand();
  for (const Worker& worker : std::vector<Worker>(g_.workers)) {
    tell(worker.ref.number, worker_event::Kill{.cause = e.cause});
  }
}

GroupStep GroupStepper::result() {
  advance_roll();
  drop_surplus();
  drop_unused_recipes();
  const GroupState from = g_.state;
  g_.state = derive_state(g_);
  if (g_.state != from) {
    const bool was_down =
        from == GroupState::stopped || from == GroupState::waiting || from == GroupState::failed;
    if (was_down) g_.up_since = now_;
    g_.since = now_;
    effects_.push_back(
        GroupChanged{.group = g_.name, .from = from, .to = g_.state, .cause = because_});
  }
  return {.group = std::move(g_), .effects = std::move(effects_), .touched = std::move(touched_)};
}

Group make_group(SpecPtr spec) {
  Group group;
  group.name = spec->name;
  group.policy = make_policy(*spec);
  for (int number = 1; number <= spec->workers; ++number) {
    Worker worker;
    worker.ref = WorkerRef{.group = spec->name, .number = number};
    group.workers.push_back(std::move(worker));
  }
  group.spec = std::move(spec);
  return group;
}

int generation_to_start(const Group& group, int number) {
  if (!group.roll || !group.roll->aborted.empty()) return group.in_force;
  const bool is_of_it =
      group.roll->in_hand.contains(number) || group.roll->replaced.contains(number);
  return is_of_it ? group.roll->generation : group.in_force;
}

GroupStep step(Group group, const GroupEvent& event, TimePoint now) {
  GroupStepper stepper(std::move(group), now);
  std::visit([&](const auto& e) { stepper.on(e); }, event);
  return stepper.result();
}

}  // namespace superd::core
