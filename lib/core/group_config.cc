#include <utility>
#include <vector>

#include "core/group_step.h"

namespace superd::core {

// What a process of an earlier generation is owed (its own stop signal above all) stays as it was
// when it started.
void GroupStepper::take_spec(const SpecPtr& spec, GroupConfigured::Recipe recipe) {
  std::map<int, Terms> older = std::move(g_.policy.older);
  if (recipe == GroupConfigured::Recipe::anew) {
    for (const int generation : g_.recipes) older.try_emplace(generation, g_.policy.terms);
  }
  g_.policy = make_policy(*spec);
  g_.policy.older = std::move(older);
  g_.spec = spec;
  const bool for_all = recipe == GroupConfigured::Recipe::same;
  effects_.push_back(SpecTaken{.group = g_.name, .spec = spec, .for_all_recipes = for_all});
}

void GroupStepper::return_to_spec(const SpecPtr& spec, int failed_generation) {
  const Terms failed = g_.policy.terms;
  take_spec(spec, GroupConfigured::Recipe::anew);
  g_.policy.older[failed_generation] = failed;
  g_.policy.older.erase(g_.in_force);
}

void GroupStepper::on(const GroupConfigured& e) {
  because_ = e.cause;
  switch (e.recipe) {
    case GroupConfigured::Recipe::same:
      take_spec(e.spec, e.recipe);
      return change_number(e);
    case GroupConfigured::Recipe::anew:
      break;
  }
  if (g_.roll) {
    if (!g_.next_roll) g_.next_roll = NextRoll{};
    if (g_.next_roll->pace == Pace::on_demand) g_.next_roll->pace = Pace::in_turn;
    g_.next_roll->ids.push_back(e.command);
    g_.next_roll->cause = e.cause;
    g_.next_roll->spec = e.spec;
    return;
  }
  if (census(g_).wanted > 0) {
    return begin_roll({.ids = {e.command}, .cause = e.cause, .spec = e.spec});
  }
  // Nothing runs that could be replaced: the next start goes by the new configuration.
  take_spec(e.spec, e.recipe);
  if (g_.demand) {
    g_.demand->recipe = Demand::Recipe::anew;
  } else if (g_.in_force != 0) {
    make_recipe();
    g_.in_force = g_.last_generation;
  }
  expect(e.command, e.cause, {});
}

void GroupStepper::change_number(const GroupConfigured& e) {
  const bool runs = census(g_).wanted > 0 || g_.roll;
  std::vector<int> added;
  std::vector<int> left_over;
  for (Worker& each : g_.workers) {
    const bool is_one = each.ref.number <= e.spec->workers;
    if (is_one && each.surplus) added.push_back(each.ref.number);
    if (!is_one && !each.surplus) left_over.push_back(each.ref.number);
    each.surplus = !is_one;
    touched_.insert(each.ref.number);
  }
  while (static_cast<int>(g_.workers.size()) < e.spec->workers) {
    Worker each;
    each.ref = {.group = g_.name, .number = static_cast<int>(g_.workers.size()) + 1};
    g_.workers.push_back(std::move(each));
    added.push_back(g_.workers.back().ref.number);
    touched_.insert(added.back());
  }
  if (!runs) added.clear();
  std::vector<int> all = added;
  all.insert(all.end(), left_over.begin(), left_over.end());
  expect(e.command, e.cause, all);
  for (const int number : added) {
    let_into_rolls({.group = g_.name, .worker = number});
    tell(number, worker_event::Start{.command = e.command, .cause = e.cause});
  }
  for (const int number : left_over) {
    take_out_of_rolls(number);
    tell(number, worker_event::Stop{.command = e.command, .cause = e.cause});
  }
}

void GroupStepper::drop_surplus() {
  while (!g_.workers.empty() && g_.workers.back().surplus && is_at_rest(g_.workers.back())) {
    touched_.insert(g_.workers.back().ref.number);
    g_.workers.pop_back();
  }
}

bool GroupStepper::refuses_surplus(CommandId command, const Target& target) {
  if (target.worker == 0 || !worker(target.worker).surplus) return false;
  if (command == kOwnCommand) return true;
  effects_.push_back(
      Answer{.command = command,
             .roll = command,
             .group = g_.name,
             .ok = false,
             .message = {},
             .generation = g_.in_force,
             .workers = {{.number = target.worker,
                          .ok = false,
                          .message = "is one more than the group has now, and goes"}}});
  return true;
}

}  // namespace superd::core
