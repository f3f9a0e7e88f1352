#include <utility>

#include <fmt/format.h>

#include "daemon/routes.h"
#include "wire/json.h"

namespace superd::daemon {

void Routes::on(Ask ask, const wire::GetRoll& command) {
  const core::CommandId id{command.id};
  const std::string group = parts_.rolls.group_of(id);
  if (group.empty()) {
    ask.out.answer(wire::problem_response(
        404, fmt::format("no roll {}: superd knows the last {}, and none of before its supervisor "
                         "began anew",
                         command.id, Rolls::kKept)));
    return;
  }
  if (find(ask, wire::GroupName(group)) == nullptr) return;
  const auto view = [this, id] {
    const auto roll = parts_.rolls.view(id);
    return roll ? wire::json_response(200, wire::to_text(*roll))
                : wire::problem_response(404, "the roll is over and no longer known");
  };
  if (!command.until) return ask.out.answer(view());
  if (ask.rights.errand && !parts_.rolls.complete(id)) {
    ask.out.answer(wire::problem_response(
        403, fmt::format("a command that runs for {} may wait for no roll of it", group)));
    return;
  }
  if (!parts_.rolls.complete(id) && waits_for_own_end(ask, id)) {
    refuse_wait(ask);
    return;
  }
  Waiter waiter;
  waiter.reached = [this, id] { return parts_.rolls.complete(id); };
  waiter.view = view;
  waiter.out = std::move(ask.out);
  wait_until(std::move(waiter), command.until->timeout);
}

bool Routes::waits_for_own_end(const Ask& ask, core::CommandId id) const {
  if (!ask.rights.self) return false;
  const std::optional<wire::RollView> roll = parts_.rolls.view(id);
  if (!roll || roll->action == wire::name(wire::Action::start)) return false;
  return !roll->worker || *roll->worker == core::to_string(*ask.rights.self);
}

void Routes::on(Ask ask, const wire::GetRolls& command) {
  const bool mine = command.whose == wire::GetRolls::Whose::mine;
  wire::RollsView view;
  for (const core::CommandId id : mine ? parts_.rolls.asked_by(ask.asker) : parts_.rolls.all()) {
    if (!ask.rights.everything && ask.rights.self->group != parts_.rolls.group_of(id)) continue;
    view.rolls.push_back(*parts_.rolls.view(id, command.after));
  }
  ask.out.answer(wire::json_response(200, wire::to_text(view)));
}

std::optional<wire::RollView> Routes::roll_view(const std::string& group) const {
  const auto last = parts_.rolls.last_of(group);
  return last ? parts_.rolls.view(*last) : std::nullopt;
}

}  // namespace superd::daemon
