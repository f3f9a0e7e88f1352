#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

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
  const bool first = parts_.holds.hold(group, ask.cause);
  answer_hold(std::move(ask), group, wire::HoldAction::hold,
              first ? "" : "it was held by a command already");
}

void Routes::release(Ask ask, const std::string& group) {
  auto asked = std::make_shared<Ask>(std::move(ask));
  parts_.holds.release(group, asked->cause, [this, asked, group](const Holds::Ended& ended) {
    std::string message = ended.held ? "it was " + ended.what : "no command held it";
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
