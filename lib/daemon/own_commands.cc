#include "daemon/own_commands.h"

#include <cstdlib>

#include "base/log.h"
#include "base/units.h"
#include "daemon/automatic.h"

namespace superd::daemon {
namespace {

bool is_meant_to_run(const core::Group& group) {
  if (group.demand) return true;
  return group.state != core::GroupState::stopped && group.state != core::GroupState::stopping;
}

// A start of what runs and a stop of what does not are nothing to do.
bool does_something(const core::Group& group, core::TriggerAction::Kind kind) {
  switch (kind) {
    case core::TriggerAction::Kind::restart:
    case core::TriggerAction::Kind::restart_at_request:
    case core::TriggerAction::Kind::reload:
    case core::TriggerAction::Kind::signal:
    case core::TriggerAction::Kind::stop:
      return is_meant_to_run(group);
    case core::TriggerAction::Kind::start:
      return !is_meant_to_run(group);
  }
  std::abort();
}

}  // namespace

void OwnCommands::act(const std::string& name, const core::TriggerAction& action,
                      const std::string& cause) {
  const core::Group* group = parts_.core.find(name);
  if (group == nullptr || parts_.core.shutting_down()) return;
  if (!does_something(*group, action.kind)) {
    log::info("{}: nothing to {}: the group is {} ({})", name, to_text(action),
              core::name(group->state), cause);
    return;
  }
  fired_(name, cause);
  switch (action.kind) {
    // Where nothing runs that could be replaced the next connection starts the newest.
    case core::TriggerAction::Kind::restart:
      return order(*group, wire::Action::restart,
                   group->demand ? core::Pace::on_demand : core::Pace::in_turn, cause);
    case core::TriggerAction::Kind::restart_at_request:
      return order(*group, wire::Action::restart, core::Pace::on_demand, cause);
    case core::TriggerAction::Kind::start:
      return order(*group, wire::Action::start, core::Pace::in_turn, cause);
    case core::TriggerAction::Kind::stop:
      return order(*group, wire::Action::stop, core::Pace::in_turn, cause);
    case core::TriggerAction::Kind::signal:
      return signal(*group, action.signal, cause);
    case core::TriggerAction::Kind::reload:
      for (const core::GroupSpec& spec : parts_.spec.groups) {
        if (spec.name == name && spec.reload_signal) signal(*group, *spec.reload_signal, cause);
      }
      return;
  }
  std::abort();
}

void OwnCommands::order(const core::Group& group, wire::Action action, core::Pace pace,
                        const std::string& cause) {
  const core::Target target{.group = group.name};
  const core::CommandId id = parts_.orders.announce(target, wire::name(action), cause);
  parts_.orders.give(id, target, action, pace, cause);
}

void OwnCommands::signal(const core::Group& group, int number, const std::string& cause) {
  log::info("{}: {} to its main processes ({})", group.name, signal_name(number), cause);
  for (const core::Worker& worker : group.workers) {
    if (!worker.life || worker.life->main_gone) continue;
    parts_.spawner.signal_main(worker.life->spawn, number);
  }
}

}  // namespace superd::daemon
