#include "daemon/orders.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

namespace superd::daemon {

core::CommandId Orders::announce(const core::Target& target, const char* action,
                                 const std::string& cause, pid_t asker) {
  const core::CommandId id = parts_.commands.next_id();
  const core::Group* group = parts_.core.find(target.group);
  const std::size_t workers = target.worker != 0 ? 1 : group != nullptr ? group->workers.size() : 0;
  parts_.rolls.ask(id,
                   {.action = action,
                    .target = target,
                    .cause = cause,
                    .workers = static_cast<int>(workers),
                    .asker = asker},
                   std::chrono::system_clock::now());
  return id;
}

void Orders::give(core::CommandId id, const core::Target& target, wire::Action action,
                  core::Pace pace, const std::string& cause) {
  switch (action) {
    case wire::Action::start:
      return happen_(core::StartRequested{.command = id, .target = target, .cause = cause});
    case wire::Action::stop:
      return happen_(core::StopRequested{.command = id, .target = target, .cause = cause});
    case wire::Action::restart: {
      happen_(
          core::RestartRequested{.command = id, .target = target, .cause = cause, .pace = pace});
      const core::Group* group = parts_.core.find(target.group);
      if (group == nullptr || !group->next_roll) return;
      const std::vector<core::CommandId>& ids = group->next_roll->ids;
      if (std::ranges::find(ids, id) != ids.end()) parts_.rolls.join(id, ids.front());
      return;
    }
  }
  std::abort();
}

}  // namespace superd::daemon
