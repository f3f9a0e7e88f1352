#include "daemon/idle.h"

#include <algorithm>
#include <utility>

#include "os/listen_sight_diag.h"

namespace superd::daemon {
namespace {

bool runs(const core::Group* group) {
  return group != nullptr && !group->roll && !group->demand && core::census(*group).ready > 0;
}

}  // namespace

Idle::Idle(Parts parts, std::function<void(const std::string& group)> tell)
    : parts_(parts),
      tell_(std::move(tell)),
      connections_(parts.loop,
                   [this](const std::string& group) { last_seen_[group] = loop::now(); }),
      timer_(parts.loop, [this] { look(); }) {}

void Idle::set() {
  const bool asked =
      std::any_of(parts_.spec.groups.begin(), parts_.spec.groups.end(),
                  [](const core::GroupSpec& group) { return group.idle_timeout.has_value(); });
  if (!asked) {
    for (const auto& [group, seen] : last_seen_) connections_.unwatch(group);
    last_seen_.clear();
    timer_.cancel();
  } else if (!timer_.armed()) {
    timer_.after(kInterval);
  }
}

void Idle::forget(const std::string& group) {
  connections_.unwatch(group);
  last_seen_.erase(group);
}

void Idle::look() {
  std::vector<std::string> idle;
  for (const core::GroupSpec& group : parts_.spec.groups) {
    if (look_at(group)) idle.push_back(group.name);
  }
  timer_.after(kInterval);
  for (const std::string& group : idle) tell_(group);
}

bool Idle::look_at(const core::GroupSpec& group) {
  const core::Group* state = parts_.core.find(group.name);
  if (!group.idle_timeout || !runs(state)) {
    forget(group.name);
    return false;
  }
  const core::TimePoint now = loop::now();
  const auto seen = last_seen_.try_emplace(group.name, now).first;
  const std::vector<int> sockets = parts_.listeners.fds(group);
  if (has_connection(sockets) || parts_.automatic.held(group.name)) seen->second = now;
  seen->second = std::max(seen->second, state->since);
  if (now - seen->second >= *group.idle_timeout) {
    forget(group.name);
    return true;
  }
  // Where a socket cannot be watched the looks alone have to do.
  (void)connections_.watch(group.name, sockets);
  return false;
}

// Now, or since the last look. A table that cannot be read does not tell: then nothing is idle.
bool Idle::has_connection(const std::vector<int>& sockets) const {
  return std::any_of(sockets.begin(), sockets.end(), [](int socket) {
    const Result<os::Listener> listener = os::listener_of(socket);
    if (!listener) return true;
    const Result<std::vector<std::uint64_t>> accepted = os::accepted_from(*listener);
    if (!accepted || !accepted->empty()) return true;
    const auto closed = os::closed_from(*listener);
    return !closed || std::any_of(closed->begin(), closed->end(),
                                  [](std::chrono::milliseconds ago) { return ago <= kInterval; });
  });
}

}  // namespace superd::daemon
