#include "daemon/wishes.h"

namespace superd::daemon {

std::optional<core::Duration> Wishes::ask(const std::string& group, core::TimePoint now) {
  return groups_.try_emplace(group, kBurst, kEach).first->second.take(now);
}

}  // namespace superd::daemon
