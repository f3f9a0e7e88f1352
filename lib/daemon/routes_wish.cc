#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/routes.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

// Whether it was told to end and not to come back.
bool is_being_stopped(const core::Worker& worker) {
  return worker.state == core::WorkerState::stopped ||
         (worker.state == core::WorkerState::stopping &&
          worker.afterwards == core::Afterwards::rest);
}

// The roll that waits behind the one in hand, where one more request changes nothing about it.
const core::NextRoll* joinable(const core::Group& group) {
  const bool as_asked = group.next_roll && group.next_roll->without.empty();
  return as_asked ? &*group.next_roll : nullptr;
}

}  // namespace

bool Routes::ends_asker(const Ask& ask, const core::Target& target, wire::Action action) {
  if (!ask.rights.self || ask.rights.self->group != target.group) return false;
  if (target.worker != 0 && target.worker != ask.rights.self->number) return false;
  switch (action) {
    case wire::Action::start:
      return false;
    case wire::Action::stop:
    case wire::Action::restart:
      return true;
  }
  std::abort();
}

bool Routes::refuse_wait(Ask& ask) {
  ask.out.answer(wire::problem_response(
      409, fmt::format("{} would wait for its own end: ask without waiting (\"wait\": false, "
                       "--no-wait)",
                       core::to_string(*ask.rights.self))));
  return true;
}

bool Routes::answer_wish(Ask& ask, const core::Target& target, wire::Action action,
                         const wire::ActionRequest& request) {
  if (!ask.rights.self || ask.rights.errand || !hooks_.busy().empty()) return false;
  const bool waits = request.wait == wire::Wait::until_done || (!request.wait && request.timeout);
  if (waits && ends_asker(ask, target, action)) return refuse_wait(ask);
  const core::Group& group = *parts_.core.find(target.group);
  const core::Worker& self = *parts_.core.find(*ask.rights.self);
  if (action != wire::Action::stop && is_being_stopped(self)) {
    ask.out.answer(wire::problem_response(
        409, fmt::format("{} was stopped ({}), and its processes cannot start it again",
                         core::to_string(self.ref), self.cause)));
    return true;
  }
  const core::NextRoll* next = joinable(group);
  const bool joins = action == wire::Action::restart && target.worker == 0 &&
                     request.pace == wire::Pace::in_turn && next != nullptr;
  if (!joins) return false;
  const auto roll = static_cast<std::uint64_t>(parts_.rolls.serving(next->ids.front()));
  log::info("{}: {} joins roll {}, which waits already", target.group, ask.cause, roll);
  ask.out.answer(wire::json_response(202, wire::to_text(wire::AcceptedView{.roll = roll})));
  return true;
}

bool Routes::grants_wish(Ask& ask) {
  const auto wait = wishes_.ask(ask.rights.self->group, loop::now());
  if (!wait) return true;
  wire::Response response = wire::problem_response(
      429, fmt::format("the workers of {} ask too often: {} at once, then one a second",
                       ask.rights.self->group, Wishes::kBurst));
  response.retry_after = std::to_string(std::chrono::ceil<std::chrono::seconds>(*wait).count());
  ask.out.answer(std::move(response));
  return false;
}

}  // namespace superd::daemon
