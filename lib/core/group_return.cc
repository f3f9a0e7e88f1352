#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "core/group_step.h"

namespace superd::core {
namespace {

std::string workers_in_words(std::size_t count) {
  return count == 1 ? "1 worker" : fmt::format("{} workers", count);
}

}  // namespace

void GroupStepper::fail_roll(int number, const std::string& why) {
  Roll& roll = *g_.roll;
  roll.aborted = fmt::format("{} {}", to_string(worker(number).ref), why);
  roll.waiting.clear();
  roll.holding.clear();
  // Whoever has not started yet starts by what stays in force.
  worker(number).roll_to.reset();
  withdraw_others("was left as it was: the roll had failed");
}

void GroupStepper::withdraw_others(const std::string& why) {
  for (const int other : std::set<int>(g_.roll->in_hand)) {
    tell(other, worker_event::Withdraw{.why = why});
  }
}

void GroupStepper::begin_return() {
  Roll& roll = *g_.roll;
  std::erase_if(roll.replaced, [&](int number) {
    const std::optional<Life>& life = worker(number).life;
    return !life || life->generation != roll.generation;
  });
  const std::vector<int> down = left_without_process();
  if (roll.replaced.empty() && down.empty()) {
    const std::size_t before = left_by_another_generation();
    if (before > 0) {
      return end_roll(
          RollResult::mixed,
          fmt::format("mixed: {}; nothing was changed: {} not by generation {}, as before",
                      roll.aborted, workers_in_words(before), g_.in_force));
    }
    roll.aborted += fmt::format("; generation {} stays in force", g_.in_force);
    return end_roll(RollResult::rolled_back, roll.aborted);
  }
  if (const std::string why = no_way_back(); !why.empty()) {
    std::string message = "mixed: " + roll.aborted;
    if (!roll.replaced.empty()) {
      message += fmt::format("; {} by generation {}", workers_in_words(roll.replaced.size()),
                             roll.generation);
    }
    if (!down.empty())
      message += fmt::format("; {} without a process that serves", workers_in_words(down.size()));
    return end_roll(RollResult::mixed, message + ": " + why);
  }
  roll.phase = Roll::Phase::returning;
  roll.strategy = g_.policy.roll.strategy;
  roll.batch = roll.strategy == RollStrategy::stop_first
                   ? 1
                   : batch_size(g_.policy.roll.batch, static_cast<int>(g_.workers.size()));
  roll.waiting.assign(roll.replaced.rbegin(), roll.replaced.rend());
  for (const int number : down) {
    roll.in_hand.insert(number);
    note_step(RollStep::Kind::returning, number, "");
    tell(number, worker_event::Start{.command = roll.id, .cause = roll.cause});
  }
}

// Their old process had left before the new one failed, or had died.
std::vector<int> GroupStepper::left_without_process() {
  std::vector<int> found;
  for (const auto& [number, outcome] : g_.roll->outcomes) {
    // It was one worker too many meanwhile.
    if (static_cast<std::size_t>(number) > g_.workers.size()) continue;
    const Worker& of = worker(number);
    const bool comes_back =
        of.state == WorkerState::starting || of.state == WorkerState::backoff ||
        of.state == WorkerState::failed ||
        (of.state == WorkerState::stopping && of.afterwards != Afterwards::rest);
    if (comes_back && !g_.roll->replaced.contains(number)) found.push_back(number);
  }
  return found;
}

// By a roll before this one, that ended mixed.
std::size_t GroupStepper::left_by_another_generation() const {
  const auto other = [&](const Worker& worker) {
    return worker.life && worker.life->generation != g_.in_force;
  };
  return static_cast<std::size_t>(std::ranges::count_if(g_.workers, other));
}

void GroupStepper::end_return() {
  Roll& roll = *g_.roll;
  if (roll.result == RollResult::mixed) return end_roll(RollResult::mixed, roll.aborted);
  const auto returned = static_cast<std::size_t>(roll.returned);
  end_roll(RollResult::rolled_back, fmt::format("{}; {} went back to generation {}", roll.aborted,
                                                workers_in_words(returned), g_.in_force));
}

std::string GroupStepper::no_way_back() const {
  switch (g_.policy.roll.on_failure) {
    case OnFailure::hold:
      return "roll.on_failure is \"hold\"";
    case OnFailure::rollback:
      break;
  }
  const auto old = g_.fingerprints.find(g_.in_force);
  const auto made = g_.fingerprints.find(g_.roll->generation);
  const bool differ =
      old != g_.fingerprints.end() && made != g_.fingerprints.end() && old->second != made->second;
  return differ ? ""
                : "the recipes do not differ, so that there is none to go back to; mend it and "
                  "restart";
}

// What serves stays.
void GroupStepper::fail_return(const WorkerOutcome& outcome) {
  Roll& roll = *g_.roll;
  if (roll.result == RollResult::mixed) {
    note_step(RollStep::Kind::withdrawn, outcome.number, outcome.message, outcome.spawn);
    return;
  }
  note_step(RollStep::Kind::failed, outcome.number, outcome.message, outcome.spawn);
  roll.result = RollResult::mixed;
  roll.waiting.clear();
  const std::string name = to_string(worker(outcome.number).ref);
  worker(outcome.number).roll_to.reset();
  withdraw_others("was left as it was: the way back had failed");
  roll.aborted = fmt::format("mixed: {}; the old recipe no longer starts either: {} {}",
                             roll.aborted, name, outcome.message);
}

void GroupStepper::end_roll(RollResult result, const std::string& why) {
  Roll& roll = *g_.roll;
  roll.phase = Roll::Phase::ending;
  roll.result = result;
  roll.aborted = why;
  roll.waiting.clear();
  roll.holding.clear();
}

void GroupStepper::cancel_rolls(const std::string& why) {
  if (g_.roll) {
    Roll& roll = *g_.roll;
    if (roll.phase == Roll::Phase::before) {
      effects_.push_back(CancelBefore{.group = g_.name, .roll = roll.id});
    }
    // A roll that has done its work and waits for the last old process has succeeded.
    if (roll.phase != Roll::Phase::ending) end_roll(RollResult::stopped, why);
    roll.leaving.clear();
  }
  if (!g_.next_roll) return;
  const NextRoll next = *std::exchange(g_.next_roll, std::nullopt);
  answer_roll(
      next.ids.front(), next.ids,
      Answer{
          .group = g_.name, .ok = false, .message = why, .generation = g_.in_force, .workers = {}});
}

// A restart at once waits for nothing that the roll in hand still hopes for.
void GroupStepper::cut_roll_short() {
  Roll& roll = *g_.roll;
  if (roll.phase == Roll::Phase::before) {
    effects_.push_back(CancelBefore{.group = g_.name, .roll = roll.id});
  }
  if (roll.phase != Roll::Phase::ending) {
    withdraw_others("was left as it was: a restart at once was asked for");
    end_roll(RollResult::stopped, "a restart at once took its place");
  }
  roll.in_hand.clear();
  roll.leaving.clear();
}

void GroupStepper::finish_roll() {
  Roll roll = *std::exchange(g_.roll, std::nullopt);
  because_ = roll.cause;
  if (roll.spec_before && roll.result != RollResult::done) {
    return_to_spec(roll.spec_before, roll.generation);
  }
  effects_.push_back(RollEnded{.roll = roll.id,
                               .group = g_.name,
                               .result = roll.result,
                               .generation = g_.in_force,
                               .message = roll.aborted});
  Answer answer{.group = g_.name,
                .ok = roll.result == RollResult::done,
                .message = roll.aborted,
                .output = std::move(roll.output),
                .generation = g_.in_force,
                .workers = {}};
  for (auto& [number, outcome] : roll.outcomes) answer.workers.push_back(std::move(outcome));
  roll.also.insert(roll.also.begin(), roll.id);
  answer_roll(roll.id, roll.also, std::move(answer));
  if (g_.next_roll) begin_roll(*std::exchange(g_.next_roll, std::nullopt));
}

void GroupStepper::answer_roll(CommandId roll, const std::vector<CommandId>& ids, Answer answer) {
  answer.roll = roll;
  for (const CommandId id : ids) {
    if (id == kOwnCommand) continue;
    answer.command = id;
    effects_.push_back(answer);
  }
}

}  // namespace superd::core
