#include "daemon/automatic.h"

#include <cstdlib>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "journal/spec_json.h"

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
  keep(group);
  return Taken::kept;
}

bool Automatic::hold(const std::string& group, Holder holder, const std::string& by) {
  if (!holds_[group].by.emplace(holder, by).second) return false;
  keep(group);
  return true;
}

bool Automatic::release(const std::string& group, Holder holder) {
  const auto found = holds_.find(group);
  if (found == holds_.end() || found->second.by.erase(holder) == 0) return false;
  if (!found->second.by.empty()) {
    keep(group);
    return true;
  }
  const std::vector<Due> due = std::move(found->second.due);
  holds_.erase(found);
  // Before what is done writes the journal, so that it is not due a second time.
  keep(group);
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

void Automatic::forget(const std::string& group) {
  holds_.erase(group);
  keep(group);
}

void Automatic::keep(const std::string& group) const {
  if (!keep_) return;
  const auto found = holds_.find(group);
  if (found == holds_.end()) return keep_(group, "");
  nlohmann::json kept = {{"due", nlohmann::json::array()}};
  const auto file = found->second.by.find(Holder::file);
  if (file != found->second.by.end()) kept["file"] = file->second;
  for (const Due& one : found->second.due) {
    kept["due"].push_back({{"action", one.action}, {"cause", one.cause}});
  }
  keep_(group, journal::dump(kept));
}

void Automatic::restore(const std::string& group, std::string_view text) {
  Hold hold;
  try {
    const nlohmann::json kept = nlohmann::json::parse(text);
    if (kept.contains("file")) hold.by[Holder::file] = kept["file"].get<std::string>();
    for (const nlohmann::json& one : kept.at("due")) {
      hold.due.push_back({.action = one.at("action").get<core::TriggerAction>(),
                          .cause = one.at("cause").get<std::string>()});
    }
  } catch (const std::exception&) {
    return;
  }
  const auto found = holds_.find(group);
  if (found != holds_.end()) hold.by.merge(found->second.by);
  if (hold.by.empty()) return keep(group);
  holds_[group] = std::move(hold);
  keep(group);
}

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
