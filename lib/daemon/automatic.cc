#include "daemon/automatic.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"

namespace superd::daemon {

Automatic::Taken Automatic::request(const std::string& group, const core::TriggerAction& action,
                                    const std::string& cause) {
  const auto found = holds_.find(group);
  if (found == holds_.end()) {
    act_(group, action, cause);
    return Taken::acted;
  }
  std::vector<Due>& due = found->second.due;
  std::erase_if(due, [&](const Due& one) { return one.action == action; });
  due.push_back({.action = action, .cause = cause});
  return Taken::kept;
}

bool Automatic::hold(const std::string& group, Holder holder, const std::string& by) {
  return holds_[group].by.emplace(holder, by).second;
}

bool Automatic::release(const std::string& group, Holder holder) {
  const auto found = holds_.find(group);
  if (found == holds_.end() || found->second.by.erase(holder) == 0) return false;
  if (!found->second.by.empty()) return true;
  const std::vector<Due> due = std::move(found->second.due);
  holds_.erase(found);
  for (const Due& one : due) act_(group, one.action, one.cause);
  return true;
}

bool Automatic::holds(const std::string& group, Holder holder) const {
  const auto found = holds_.find(group);
  return found != holds_.end() && found->second.by.contains(holder);
}

std::optional<std::string> Automatic::held(const std::string& group) const {
  const auto found = holds_.find(group);
  if (found == holds_.end()) return std::nullopt;
  std::string text;
  for (const auto& [holder, by] : found->second.by) {
    text += (text.empty() ? "held by " : " and ") + by;
  }
  for (const Due& one : found->second.due) {
    text +=
        fmt::format("{} {} ({})", &one == found->second.due.data() ? "; due at the release:" : ",",
                    to_text(one.action), one.cause);
  }
  return text;
}

void Automatic::forget(const std::string& group) { holds_.erase(group); }

std::string to_text(const core::TriggerAction& action) {
  switch (action.kind) {
    case core::TriggerAction::Kind::restart_at_request:
      return "restart at the next request";
    case core::TriggerAction::Kind::restart:
      return "restart";
    case core::TriggerAction::Kind::reload:
      return "reload";
    case core::TriggerAction::Kind::stop:
      return "stop";
    case core::TriggerAction::Kind::start:
      return "start";
    case core::TriggerAction::Kind::signal:
      return "signal " + signal_name(action.signal);
  }
  std::abort();
}

}  // namespace superd::daemon
