#include <algorithm>
#include <cstdlib>

#include "core/group_step.h"

// What is written of a group and of its workers may be of different moments, where a journal was
// spoiled: each value is whole, and a roll may have a worker in hand that nobody restarts.
namespace superd::core {
namespace {

bool owes(const Worker& worker, CommandId roll) {
  const auto has = [&](const std::vector<CommandId>& ids) {
    return std::ranges::find(ids, roll) != ids.end();
  };
  return has(worker.starters) || has(worker.replacers);
}

bool is_to_rest(const Worker& worker) {
  switch (worker.state) {
    case WorkerState::stopped:
      return true;
    case WorkerState::stopping:
    case WorkerState::unkillable:
      return worker.afterwards == Afterwards::rest;
    case WorkerState::starting:
    case WorkerState::ready:
    case WorkerState::backoff:
    case WorkerState::failed:
    case WorkerState::exited:
      return worker.surplus;
  }
  std::abort();
}

}  // namespace

void GroupStepper::on(const GoOn&) {
  because_ = g_.cause;
  for (Worker& each : g_.workers) {
    // No number is given twice.
    each_life(each, [&](const Life& life) {
      g_.last_generation = std::max(g_.last_generation, life.generation);
    });
    const bool has_recipe = !each.roll_to || g_.recipes.contains(*each.roll_to);
    if (!has_recipe) worker(each.ref.number).roll_to.reset();
  }
  if (!g_.roll) return;
  std::erase_if(g_.roll->holding,
                [&](const auto& held) { return !g_.roll->leaving.contains(held.second); });
  for (const int number : std::set<int>(g_.roll->in_hand)) mend_turn(number);
}

// A worker that the roll has in hand, and that owes it no outcome, gets its turn again; where that
// is done already, or no longer wanted, it leaves the roll's hand.
void GroupStepper::mend_turn(int number) {
  Roll& roll = *g_.roll;
  Worker& lost = worker(number);
  if (owes(lost, roll.id)) return;
  const bool returns = roll.phase == Roll::Phase::returning;
  const bool replaces = roll.phase == Roll::Phase::replacing && roll.aborted.empty();
  const bool wanted = replaces || (returns && roll.result != RollResult::mixed);
  const int generation = returns ? g_.in_force : roll.generation;
  const bool is_of_it = lost.life && lost.life->generation == generation;
  if (wanted && is_of_it && lost.state == WorkerState::ready) {
    return settle_in_roll({.number = number});
  }
  if (wanted && is_of_it && lost.state == WorkerState::starting) {
    lost.starters.push_back(roll.id);
    return;
  }
  roll.in_hand.erase(number);
  if (wanted && !is_to_rest(lost)) roll.waiting.push_front(number);
}

}  // namespace superd::core
