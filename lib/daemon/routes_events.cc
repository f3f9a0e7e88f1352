#include <fmt/format.h>

#include "daemon/routes.h"

namespace superd::daemon {

// A group that is no more has its history still, so that the name alone is looked at.
void Routes::on(Ask ask, const wire::GetEvents& command) {
  EventFeed::Wish wish{.group = {}, .since = command.since};
  if (command.group && *command.group) wish.group = **command.group;
  const bool asks_for_self = command.group && !*command.group;
  if (asks_for_self && !ask.rights.self) {
    return ask.out.answer(
        wire::problem_response(404, "self: the caller is no process of a worker"));
  }
  if (!ask.rights.everything || asks_for_self) {
    const std::string& own = ask.rights.self->group;
    if (!wish.group.empty() && wish.group != own) {
      return ask.out.answer(
          wire::problem_response(403, fmt::format("a worker of {} sees its own group alone", own)));
    }
    wish.group = own;
  }
  switch (command.follow) {
    case wire::GetEvents::Follow::no:
      return parts_.events.answer(wish, std::move(ask.out));
    case wire::GetEvents::Follow::yes:
      return parts_.events.follow(wish, std::move(ask.out));
  }
}

}  // namespace superd::daemon
