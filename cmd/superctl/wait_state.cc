#include "wait_state.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "core/state.h"

namespace superd::superctl {
namespace {

std::vector<std::string> states_of_workers() {
  std::vector<std::string> states;
  for (const auto one : core::kWorkerStates) states.emplace_back(core::name(one));
  return states;
}

std::vector<std::string> states_of_groups() {
  std::vector<std::string> states;
  for (const auto one : core::kGroupStates) states.emplace_back(core::name(one));
  return states;
}

}  // namespace

std::string objection(const std::string& state) {
  auto states = states_of_groups();
  std::ranges::copy(states_of_workers(), std::back_inserter(states));
  if (std::ranges::count(states, state) > 0) return "";
  return fmt::format("--for: no such state {}{}", superd::quoted(state),
                     did_you_mean(state, states));
}

std::string objection(const client::Target& target, const std::string& state) {
  const auto states = target.worker ? states_of_workers() : states_of_groups();
  if (std::ranges::count(states, state) > 0) return "";
  return fmt::format("{} is never {} (states of a {}: {})", target.label(), superd::quoted(state),
                     target.worker ? "worker" : "group", fmt::join(states, " "));
}

bool is_hopeless(const std::string& now, const std::string& wanted) {
  const bool wants_service = wanted == "running" || wanted == "ready" || wanted == "starting";
  return wants_service && (now == "stopped" || now == "failed" || now == "exited");
}

}  // namespace superd::superctl
