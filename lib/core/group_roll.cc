#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/group_step.h"

namespace superd::core {
namespace {

bool still_drains(const Worker& worker, SpawnId spawn) {
  return std::any_of(worker.draining.begin(), worker.draining.end(),
                     [&](const Life& life) { return life.spawn == spawn && !life.survived_kill; });
}

std::int64_t pid_of(const Worker& worker, SpawnId spawn) {
  if (worker.life && worker.life->spawn == spawn) return worker.life->pid;
  if (worker.next && worker.next->spawn == spawn) return worker.next->pid;
  for (const Life& life : worker.draining) {
    if (life.spawn == spawn) return life.pid;
  }
  return 0;
}

}  // namespace

void GroupStepper::begin_roll(const NextRoll& request) {
  if (request.pace == Pace::on_demand) {
    leave_until_demand(Demand::Recipe::anew, request.cause);
    const Answer left{.group = g_.name, .message = {}, .generation = g_.in_force, .workers = {}};
    return answer_roll(request.ids.front(), request.ids, left);
  }
  drop_demand();
  g_.cause = request.cause;
  const SpecPtr before = g_.spec;
  if (request.spec) take_spec(request.spec, GroupConfigured::Recipe::anew);
  make_recipe();
  const int all = static_cast<int>(g_.workers.size());
  Roll roll;
  roll.id = request.ids.front();
  roll.also.assign(request.ids.begin() + 1, request.ids.end());
  roll.generation = g_.last_generation;
  roll.cause = request.cause;
  if (request.spec) roll.spec_before = before;
  roll.strategy = g_.policy.roll.strategy;
  roll.batch = batch_size(g_.policy.roll.batch, all);
  if (request.pace == Pace::at_once) {
    roll.strategy = RollStrategy::stop_first;
    roll.batch = all;
    roll.canary_passed = true;
  }
  // What was stopped on purpose stays so, unless nothing of the group is wanted: then all start.
  const bool any_wanted = census(g_).wanted > 0;
  for (const Worker& worker : g_.workers) {
    const bool stays = (any_wanted && worker.state == WorkerState::stopped) || worker.surplus;
    if (stays || request.without.contains(worker.ref.number)) continue;
    roll.waiting.push_back(worker.ref.number);
  }
  effects_.push_back(RollBegan{.roll = roll.id,
                               .group = g_.name,
                               .cause = roll.cause,
                               .generation = roll.generation,
                               .workers = static_cast<int>(roll.waiting.size())});
  g_.roll = std::move(roll);
  if (g_.roll->waiting.empty()) return end_roll(RollResult::stopped, "every worker was stopped");
  prepare(Preparation::command);
}

void GroupStepper::prepare(Preparation from) {
  const bool has_command = from == Preparation::command && !g_.policy.roll.before.empty();
  // What may not run beside the old process is not rehearsed either, and where nothing serves there
  // is nothing to spare.
  const bool rehearses =
      g_.policy.roll.rehearse && g_.roll->strategy == RollStrategy::rolling && census(g_).ready > 0;
  if (!has_command && !rehearses) return begin_replacing();
  g_.roll->phase = Roll::Phase::before;
  g_.roll->preparation = has_command ? Preparation::command : Preparation::rehearsal;
  note_step(has_command ? RollStep::Kind::before : RollStep::Kind::rehearsing, 0, "");
  effects_.push_back(RunBefore{.group = g_.name,
                               .generation = g_.roll->generation,
                               .roll = g_.roll->id,
                               .what = g_.roll->preparation});
}

void GroupStepper::on(const BeforeEnded& e) {
  if (!g_.roll || g_.roll->id != e.roll || g_.roll->phase != Roll::Phase::before) return;
  because_ = g_.roll->cause;
  const bool was_command = g_.roll->preparation == Preparation::command;
  if (e.ok) {
    note_step(was_command ? RollStep::Kind::before_done : RollStep::Kind::rehearsed, 0, "");
    return was_command ? prepare(Preparation::rehearsal) : begin_replacing();
  }
  const std::string message = (was_command ? "roll.before " : "the rehearsal ") + e.message;
  note_step(RollStep::Kind::failed, 0, message);
  g_.roll->output = e.output;
  end_roll(RollResult::rolled_back, message + "; nothing was changed");
}

void GroupStepper::begin_replacing() {
  Roll& roll = *g_.roll;
  roll.phase = Roll::Phase::replacing;
  // Where nothing serves there is nothing that a turn could keep serving.
  if (census(g_).ready > 0) return;
  roll.batch = static_cast<int>(g_.workers.size());
  roll.canary_passed = true;
}

void GroupStepper::advance_roll() {
  while (g_.roll) {
    release_places();
    Roll& roll = *g_.roll;
    while (!roll.waiting.empty() && roll.phase != Roll::Phase::before && has_place()) {
      restart_next();
    }
    if (!roll.waiting.empty() || !roll.in_hand.empty()) return;
    switch (roll.phase) {
      case Roll::Phase::before:
        return;
      case Roll::Phase::replacing:
        if (!roll.aborted.empty()) {
          begin_return();
        } else if (roll.outcomes.empty()) {
          end_roll(RollResult::stopped, "every worker was stopped");
        } else {
          g_.in_force = roll.generation;
          end_roll(RollResult::done, "");
        }
        break;
      case Roll::Phase::returning:
        end_return();
        break;
      case Roll::Phase::ending:
        if (!roll.leaving.empty()) return;
        finish_roll();
        break;
    }
  }
}

bool GroupStepper::has_place() const {
  const Roll& roll = *g_.roll;
  const int places = roll.canary_passed ? roll.batch : 1;
  return static_cast<int>(roll.in_hand.size() + roll.holding.size()) < places;
}

void GroupStepper::release_places() {
  Roll& roll = *g_.roll;
  const std::map<SpawnId, int> leaving = roll.leaving;
  for (const auto& [spawn, number] : leaving) {
    if (still_drains(worker(number), spawn)) continue;
    roll.leaving.erase(spawn);
    const bool last = std::none_of(roll.leaving.begin(), roll.leaving.end(),
                                   [n = number](const auto& other) { return other.second == n; });
    if (last) note_step(RollStep::Kind::gone, number, "");
    const auto held = roll.holding.find(number);
    if (held == roll.holding.end() || held->second != spawn) continue;
    roll.holding.erase(held);
  }
}

void GroupStepper::restart_next() {
  Roll& roll = *g_.roll;
  const int number = roll.waiting.front();
  roll.waiting.pop_front();
  roll.in_hand.insert(number);
  const bool returns = roll.phase == Roll::Phase::returning;
  if (returns) note_step(RollStep::Kind::returning, number, "");
  tell(number, worker_event::Restart{.command = roll.id,
                                     .cause = roll.cause,
                                     .generation = returns ? g_.in_force : roll.generation,
                                     .strategy = roll.strategy});
}

void GroupStepper::settle_in_roll(const WorkerOutcome& outcome) {
  Roll& roll = *g_.roll;
  roll.in_hand.erase(outcome.number);
  // A roll that was stopped is over at once: what leaves is the stop's.
  for (const SpawnId spawn : {outcome.left, outcome.spawn}) {
    const bool counts = roll.phase != Roll::Phase::ending;
    if (counts && still_drains(worker(outcome.number), spawn)) {
      roll.leaving[spawn] = outcome.number;
    }
  }
  switch (roll.phase) {
    case Roll::Phase::before:
      return;
    case Roll::Phase::replacing:
      roll.outcomes[outcome.number] = outcome;
      if (outcome.ok) {
        note_replaced(outcome);
      } else if (roll.aborted.empty()) {
        note_step(RollStep::Kind::failed, outcome.number, outcome.message, outcome.spawn);
        fail_roll(outcome.number, outcome.message);
      } else {
        note_step(RollStep::Kind::withdrawn, outcome.number, outcome.message, outcome.spawn);
      }
      return;
    case Roll::Phase::returning:
      if (outcome.ok) {
        roll.replaced.erase(outcome.number);
        ++roll.returned;
        note_step(RollStep::Kind::returned, outcome.number, "", serving(outcome.number));
      } else {
        fail_return(outcome);
      }
      return;
    case Roll::Phase::ending:
      roll.outcomes.insert_or_assign(outcome.number, outcome);
      return;
  }
  std::abort();
}

void GroupStepper::note_replaced(const WorkerOutcome& outcome) {
  Roll& roll = *g_.roll;
  const Worker& done = worker(outcome.number);
  // In a roll that has failed a worker without a process started by the recipe in force instead.
  if (done.life && done.life->generation != roll.generation) return;
  roll.canary_passed = true;
  if (done.life) roll.replaced.insert(outcome.number);
  note_step(RollStep::Kind::ready, outcome.number, "", serving(outcome.number));
  if (roll.waiting.empty() || !roll.leaving.contains(outcome.left)) return;
  roll.holding[outcome.number] = outcome.left;
  effects_.push_back(
      ArmTimer{.key = {.kind = TimerKind::patience, .worker = done.ref, .spawn = outcome.left},
               .at = now_ + std::min(kPatience, g_.policy.terms.stop.timeout)});
}

// The latest word on a worker is the stop; the roll goes on with the others.
void GroupStepper::take_out_of_rolls(int number) {
  if (g_.next_roll) g_.next_roll->without.insert(number);
  if (!g_.roll) return;
  std::erase(g_.roll->waiting, number);
  g_.roll->in_hand.erase(number);
  g_.roll->replaced.erase(number);
  g_.roll->holding.erase(number);
  std::erase_if(g_.roll->leaving, [&](const auto& life) { return life.second == number; });
}

// A worker that is started while the others are replaced starts by what is in force, and gets its
// turn in the roll as well.
void GroupStepper::let_into_rolls(const Target& target) {
  for (const int number : numbers(target)) {
    if (g_.next_roll) g_.next_roll->without.erase(number);
    if (!g_.roll || !g_.roll->aborted.empty() || g_.roll->phase != Roll::Phase::replacing) continue;
    Roll& roll = *g_.roll;
    const bool known =
        roll.in_hand.contains(number) || roll.replaced.contains(number) ||
        std::find(roll.waiting.begin(), roll.waiting.end(), number) != roll.waiting.end();
    if (!known) roll.waiting.push_back(number);
  }
}

SpawnId GroupStepper::serving(int number) {
  const std::optional<Life>& life = worker(number).life;
  return life ? life->spawn : SpawnId{};
}

void GroupStepper::note_step(RollStep::Kind kind, int number, const std::string& message,
                             SpawnId spawn) {
  RollStep step{.roll = g_.roll->id,
                .group = g_.name,
                .kind = kind,
                .worker = number,
                .message = message,
                .spawn = spawn};
  if (number != 0) step.pid = pid_of(worker(number), spawn);
  effects_.push_back(std::move(step));
}

}  // namespace superd::core
