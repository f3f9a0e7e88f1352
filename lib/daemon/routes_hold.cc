#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/routes.h"
#include "wire/json.h"

namespace superd::daemon {

void Routes::on(Ask ask, const wire::HoldGroup& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr || !may_act(ask)) return;
  switch (command.action) {
    case wire::HoldAction::hold:
      return hold(std::move(ask), group->name);
    case wire::HoldAction::release:
      return release(std::move(ask), group->name);
  }
  std::abort();
}

void Routes::hold(Ask ask, const std::string& group) {
  const bool first = parts_.automatic.hold(group, Automatic::Holder::command, ask.cause);
  if (first) log::info("{}: held ({})", group, ask.cause);
  hooks_.held(group, wire::HoldAction::hold);
  answer_hold(std::move(ask), group, wire::HoldAction::hold,
              first ? "" : "it was held by a command already");
}

// What was changed before the command is what it ends the hold for: a change that still waits for
// quiet is due with the others.
void Routes::release(Ask ask, const std::string& group) {
  auto asked = std::make_shared<Ask>(std::move(ask));
  parts_.triggers.when_settled(group, [this, asked, group] {
    const std::optional<std::string> before = parts_.automatic.held(group);
    const bool held = parts_.automatic.release(group, Automatic::Holder::command);
    hooks_.held(group, wire::HoldAction::release);
    std::string message = held ? before.value_or("") : "no command held it";
    if (held) log::info("{}: released ({}): {}", group, asked->cause, message);
    if (const auto still = parts_.automatic.held(group)) message = "it is still " + *still;
    answer_hold(std::move(*asked), group, wire::HoldAction::release, message);
  });
}

void Routes::answer_hold(Ask ask, const std::string& group, wire::HoldAction action,
                         const std::string& message) {
  const core::Group* found = parts_.core.find(group);
  wire::OutcomeView view;
  view.group = group;
  view.action = wire::name(action);
  view.generation = found != nullptr ? found->in_force : 0;
  view.message = message;
  ask.out.answer(wire::json_response(200, wire::to_text(view)));
}

}  // namespace superd::daemon
