#include "daemon/demand.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace superd::daemon {
namespace {

constexpr std::chrono::seconds kDemandRetry{1};

}  // namespace

Demand::Demand(loop::Loop& loop, Listeners& listeners, ConnectionWatch::Tell tell)
    : listeners_(listeners),
      connections_(loop,
                   [this, tell = std::move(tell)](const std::string& group) {
                     troubles_.erase(group);
                     tell(group);
                   }),
      retry_(loop, [this] { try_again(); }) {}

void Demand::watch(const core::GroupSpec& group) {
  troubles_.erase(group.name);
  attempt(group);
}

void Demand::unwatch(const std::string& group) {
  troubles_.erase(group);
  connections_.unwatch(group);
}

void Demand::attempt(const core::GroupSpec& group) {
  const Status opened = listeners_.open(group);
  const Status watched = connections_.watch(group.name, listeners_.fds(group));
  if (opened && watched) {
    if (troubles_.erase(group.name) > 0) log::info("{}: its connections start it now", group.name);
    return;
  }
  std::string why = "no connection starts it: " + (opened ? watched : opened).error().message;
  const auto known = troubles_.find(group.name);
  if (known == troubles_.end() || known->second.why != why) log::error("{}: {}", group.name, why);
  troubles_.insert_or_assign(group.name, Trouble{.group = group, .why = std::move(why)});
  if (!retry_.armed()) retry_.after(kDemandRetry);
}

void Demand::try_again() {
  for (const auto& [name, trouble] : std::map(troubles_)) attempt(trouble.group);
}

std::optional<std::string> Demand::trouble(const std::string& group) const {
  const auto found = troubles_.find(group);
  if (found == troubles_.end()) return std::nullopt;
  return found->second.why;
}

}  // namespace superd::daemon
