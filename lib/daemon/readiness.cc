#include "daemon/readiness.h"

#include <algorithm>
#include <cstdlib>

namespace superd::daemon {
namespace {

constexpr std::size_t kPastReasons = 256;

}  // namespace

Readiness::Readiness(Parts parts, Tell tell)
    : tell_(std::move(tell)),
      listening_(parts.loop, parts.tracker,
                 [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::listening); }),
      fd_(parts.loop, [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::fd); }),
      exec_({.loop = parts.loop, .recipes = parts.recipes, .errands = parts.errands},
            [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::exec); }) {}

void Readiness::watch(const Subject& subject) {
  const core::GroupSpec& group = *subject.group;
  switch (core::effective(group.ready.when, !group.listen.empty())) {
    case core::ReadyWhen::listening:
      listening_.watch({.spawn = subject.spawn,
                        .worker = subject.worker,
                        .main = subject.main,
                        .identity = subject.identity,
                        .sockets = subject.sockets});
      return;
    case core::ReadyWhen::fd:
      if (subject.ready_pipe >= 0) fd_.watch(subject.spawn, subject.ready_pipe);
      return;
    case core::ReadyWhen::exec:
      exec_.watch(subject.spawn, subject.worker.number, subject.generation, group);
      return;
    case core::ReadyWhen::automatic:
    case core::ReadyWhen::notify:
    case core::ReadyWhen::delay:
      return;
  }
  std::abort();
}

void Readiness::unwatch(core::SpawnId spawn) {
  if (std::string reason = reason_now(spawn); !reason.empty()) {
    past_reasons_.emplace_back(spawn, std::move(reason));
    if (past_reasons_.size() > kPastReasons) past_reasons_.pop_front();
  }
  listening_.unwatch(spawn);
  fd_.unwatch(spawn);
  exec_.unwatch(spawn);
}

void Readiness::forget(core::SpawnId spawn) {
  unwatch(spawn);
  fd_.forget(spawn);
}

std::string Readiness::reason(core::SpawnId spawn) const {
  if (std::string now = reason_now(spawn); !now.empty()) return now;
  const auto past = std::find_if(past_reasons_.begin(), past_reasons_.end(),
                                 [spawn](const auto& entry) { return entry.first == spawn; });
  return past == past_reasons_.end() ? "" : past->second;
}

std::string Readiness::reason_now(core::SpawnId spawn) const {
  for (std::string reason : {listening_.reason(spawn), fd_.reason(spawn), exec_.reason(spawn)}) {
    if (!reason.empty()) return reason;
  }
  return "";
}

void Readiness::seen(core::SpawnId spawn, core::ReadyWhen by) {
  tell_(core::ReadinessSeen{.spawn = spawn, .by = by});
}

}  // namespace superd::daemon
