#include "daemon/log_readiness.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::daemon {

LogReadiness::LogReadiness(loop::Loop& loop, Callbacks callbacks)
    : callbacks_(std::move(callbacks)), deferred_(loop, [this] { tell_found(); }) {}

void LogReadiness::expect(core::SpawnId spawn, const std::string& match) {
  expected_[spawn] = Expected{.match = match};
}

std::string LogReadiness::match(core::SpawnId spawn) const {
  const auto at = expected_.find(spawn);
  return at == expected_.end() || at->second.found ? "" : at->second.match;
}

void LogReadiness::found(core::SpawnId spawn) {
  const auto at = expected_.find(spawn);
  if (at == expected_.end()) return;
  at->second.found = true;
  deferred_.schedule();
}

void LogReadiness::watch(core::SpawnId spawn) {
  const auto at = expected_.find(spawn);
  if (at == expected_.end()) return;
  at->second.watched = true;
  deferred_.schedule();
}

void LogReadiness::unwatch(core::SpawnId spawn) {
  const auto at = expected_.find(spawn);
  if (at == expected_.end()) return;
  const bool looks = !at->second.found;
  expected_.erase(at);
  if (looks) callbacks_.stop_matching(spawn);
}

std::string LogReadiness::reason(core::SpawnId spawn) const {
  const auto at = expected_.find(spawn);
  if (at == expected_.end() || at->second.found || !at->second.watched) return "";
  return fmt::format("no line of its output matched /{}/", printable(at->second.match));
}

void LogReadiness::tell_found() {
  std::vector<core::SpawnId> seen;
  for (const auto& [spawn, expected] : expected_) {
    if (expected.found && expected.watched) seen.push_back(spawn);
  }
  for (const core::SpawnId spawn : seen) {
    // One of those told before may have ended this one.
    if (expected_.erase(spawn) > 0) callbacks_.seen(spawn);
  }
}

}  // namespace superd::daemon
