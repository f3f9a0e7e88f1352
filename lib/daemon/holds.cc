#include "daemon/holds.h"

#include <utility>

#include "base/log.h"

namespace superd::daemon {

bool Holds::hold(const std::string& group, const std::string& cause) {
  if (!automatic_.hold(group, Automatic::Holder::command, cause)) return false;
  log::info("{}: held ({})", group, cause);
  keep_(group, wire::HoldAction::hold);
  return true;
}

void Holds::release(const std::string& group, const std::string& cause,
                    std::function<void(const Ended& ended)> then) {
  triggers_.when_settled(group, [this, group, cause, then = std::move(then)] {
    Ended ended{.what = automatic_.held(group).value_or("")};
    ended.held = automatic_.release(group, Automatic::Holder::command);
    if (ended.held) {
      log::info("{}: released ({}): {}", group, cause, ended.what);
      keep_(group, wire::HoldAction::release);
    }
    then(ended);
  });
}

}  // namespace superd::daemon
