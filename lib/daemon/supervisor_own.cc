#include <chrono>

#include "base/log.h"
#include "daemon/supervisor_state.h"
#include "wire/json.h"

// What superd does of its own accord, and what it tells of.
namespace superd::daemon {

void Supervisor::on_schedule(const std::string& group) {
  const core::GroupState state = core_.find(group)->state;
  const bool runs = state != core::GroupState::stopped && state != core::GroupState::stopping;
  log::info("{}: the schedule is due{}", group, runs ? "" : "; it was stopped, and stays so");
  if (!runs) return;
  note_trigger(group, "schedule");
  signal_orders_.restart({.group = group, .worker = 0}, "schedule");
}

void Supervisor::note_trigger(const std::string& group, const std::string& cause) {
  occurrences_.note_trigger(group, cause, std::chrono::system_clock::now());
}

void Supervisor::tell_hooks(core::OccurrenceKind kind, const wire::OccurrenceView& view) {
  if (hooks_.wants(kind)) hooks_.tell(kind, wire::to_text(view));
}

}  // namespace superd::daemon
