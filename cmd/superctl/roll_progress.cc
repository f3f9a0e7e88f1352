#include "roll_progress.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "roll_text.h"

namespace superd::superctl {

void RollProgress::look() {
  std::uint64_t after = 0;
  for (const auto& [roll, step] : told_) after = std::max(after, step);
  auto view = context_.glance<wire::RollsView>(fmt::format("/v1/rolls?mine=1&after={}", after));
  if (!view) return;
  rolls_ = std::move(view->rolls);
  for (auto& roll : rolls_) {
    tell(roll);
    // The answer has the new steps alone.
    if (!roll.steps.empty()) latest_[roll.id] = roll.steps.back();
    if (roll.steps.empty() && latest_.contains(roll.id)) roll.steps = {latest_[roll.id]};
  }
}

void RollProgress::tell_rest(std::uint64_t id) {
  const auto roll = context_.glance<wire::RollView>(fmt::format("/v1/rolls/{}", id));
  if (roll) tell(*roll);
}

void RollProgress::tell(const wire::RollView& roll) {
  std::uint64_t& told = told_[roll.id];
  for (const auto& step : roll.steps) {
    if (step.number <= told) continue;
    told = step.number;
    const std::string line = step_line(roll, step);
    if (!line.empty() && context_.out().shows_progress()) context_.out().tell(line);
  }
}

const wire::RollView* RollProgress::roll_of(const client::Target& target) const {
  const auto found = std::ranges::find_if(rolls_, [&target](const wire::RollView& roll) {
    if (target.group == "self") return true;
    return roll.group == target.group && roll.worker == target.worker;
  });
  return found == rolls_.end() ? nullptr : &*found;
}

}  // namespace superd::superctl
