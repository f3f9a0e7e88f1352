#include <vector>

#include "core/group_step.h"

namespace superd::core {

// Every process is asked to leave at once and takes no place any more: what a connection starts
// does not wait for a request that an old process still serves. A connection that waits already
// belongs to nobody yet and starts the new ones.
void GroupStepper::leave_until_demand(Demand::Recipe recipe, const std::string& cause) {
  because_ = cause;
  g_.cause = cause;
  const bool waits = g_.demand.has_value();
  if (!waits || recipe == Demand::Recipe::anew) g_.demand = Demand{.recipe = recipe};
  for (const Worker& each : std::vector<Worker>(g_.workers)) {
    if (each.state == WorkerState::stopped) continue;
    tell(each.ref.number, worker_event::Vacate{.cause = cause});
  }
  if (!waits) effects_.push_back(WatchDemand{.group = g_.name});
}

void GroupStepper::drop_demand() {
  if (!g_.demand) return;
  g_.demand.reset();
  effects_.push_back(UnwatchDemand{.group = g_.name});
}

void GroupStepper::on(const ConnectionWaits&) {
  if (!g_.demand) return;
  on(StartRequested{.command = kOwnCommand, .target = {.group = g_.name}, .cause = "demand"});
}

void GroupStepper::on(const GroupIdle&) {
  if (g_.roll || g_.demand || census(g_).wanted == 0) return;
  leave_until_demand(Demand::Recipe::in_force, "idle");
}

}  // namespace superd::core
