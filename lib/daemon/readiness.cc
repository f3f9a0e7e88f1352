#include "daemon/readiness.h"

#include <cstdlib>
#include <utility>

namespace superd::daemon {
Readiness::Readiness(Parts parts, Tell tell)
    : tell_(std::move(tell)),
      listening_(parts.loop, parts.tracker,
                 [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::listening); }),
      fd_(parts.loop, [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::fd); }),
      log_(parts.loop,
           {.seen = [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::log); },
            .stop_matching =
                [&logger = parts.logger](core::SpawnId spawn) { logger.stop_matching(spawn); }}),
      exec_({.loop = parts.loop, .recipes = parts.recipes, .errands = parts.errands},
            [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::exec); }),
      http_(parts.loop,
            {.on_ready = [this](core::SpawnId spawn) { seen(spawn, core::ReadyWhen::http); }}) {}

void Readiness::expect(core::SpawnId spawn, const core::GroupSpec& group) {
  if (group.ready.when == core::ReadyWhen::log) log_.expect(spawn, group.ready.match);
}

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
    case core::ReadyWhen::log:
      log_.watch(subject.spawn);
      return;
    case core::ReadyWhen::http:
      if (subject.private_socket >= 0) {
        http_.watch(subject.spawn, subject.private_socket, group.ready.http);
      }
      return;
    case core::ReadyWhen::automatic:
    case core::ReadyWhen::notify:
    case core::ReadyWhen::delay:
      return;
  }
  std::abort();
}

void Readiness::unwatch(core::SpawnId spawn) {
  listening_.unwatch(spawn);
  fd_.unwatch(spawn);
  log_.unwatch(spawn);
  exec_.unwatch(spawn);
  http_.unwatch(spawn);
}

void Readiness::forget(core::SpawnId spawn) {
  unwatch(spawn);
  fd_.forget(spawn);
}

std::string Readiness::reason(core::SpawnId spawn) const {
  for (std::string reason : {listening_.reason(spawn), fd_.reason(spawn), log_.reason(spawn),
                             exec_.reason(spawn), http_.reason(spawn)}) {
    if (!reason.empty()) return reason;
  }
  return "";
}

void Readiness::seen(core::SpawnId spawn, core::ReadyWhen by) {
  tell_(core::ReadinessSeen{.spawn = spawn, .by = by});
}

}  // namespace superd::daemon
