#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "daemon/supervisor_state.h"

// Groups whose configuration changes while superd runs.
namespace superd::daemon {

void Supervisor::carry_out(const core::SpecTaken& e) {
  const auto known =
      std::find_if(spec_.groups.begin(), spec_.groups.end(),
                   [&](const core::GroupSpec& each) { return each.name == e.group; });
  if (known == spec_.groups.end()) {
    spec_.groups.push_back(*e.spec);
  } else {
    *known = *e.spec;
  }
  if (e.for_all_recipes && taken_.contains(e.group)) recipes_.take(taken_[e.group], e.spec);
  taken_[e.group] = e.spec;
  journal_.note(e.group, recipes_);
  listeners_.update(*e.spec);
  triggers_.set(*e.spec);
  schedules_.set(spec_.groups);
  idle_.set();
  // Its sockets may be others now.
  const core::Group* group = core_.find(e.group);
  if (group != nullptr && group->demand) demand_.watch(*e.spec);
  close_unused_listeners();
}

void Supervisor::carry_out(const core::GroupGone& e) {
  std::erase_if(spec_.groups, [&](const core::GroupSpec& each) { return each.name == e.group; });
  taken_.erase(e.group);
  recipes_.drop_all(e.group);
  demand_.unwatch(e.group);
  idle_.forget(e.group);
  idle_.set();
  triggers_.remove(e.group);
  if (automatic_.holds(e.group, Automatic::Holder::command)) {
    keep_hold(e.group, wire::HoldAction::release);
  }
  automatic_.forget(e.group);
  schedules_.set(spec_.groups);
  close_unused_listeners();
  log::info("{}: is no longer configured, and gone", e.group);
}

Apply::Hooks Supervisor::apply_hooks() {
  return {.happen = [this](const core::Event& event) { happen(event); },
          .take_daemon = [this](const core::Spec& wanted) { take_daemon(wanted); },
          .close_unused_listeners = [this] { close_unused_listeners(); },
          .told =
              [this](bool applied, const std::string& cause, const std::string& message) {
                occurrences_.note_other(applied ? core::OccurrenceKind::config_applied
                                                : core::OccurrenceKind::config_rejected,
                                        cause, message, std::chrono::system_clock::now());
              }};
}

// What is bound to sockets and directories that are open counts when superd is started again.
void Supervisor::take_daemon(const core::Spec& wanted) {
  spec_.daemon.signals = wanted.daemon.signals;
  spec_.daemon.log_level = wanted.daemon.log_level;
  spec_.daemon.log_format = wanted.daemon.log_format;
  spec_.hooks = wanted.hooks;
  configure_log(spec_.daemon);
  journal_.note_daemon(spec_, {.start_told = boot_told_});
}

// A socket stays as long as a process may be started that inherits it.
void Supervisor::close_unused_listeners() {
  std::set<std::string> used;
  const auto note = [&](const core::GroupSpec& group) {
    for (const core::ListenSpec& socket : group.listen) used.insert(socket.address);
  };
  for (const core::GroupSpec& group : spec_.groups) note(group);
  for (const core::SpecPtr& spec : recipes_.specs()) {
    // Of one that waits for a connection none is started but by what is configured now.
    const core::Group* group = core_.find(spec->name);
    if (group == nullptr || !group->demand) note(*spec);
  }
  // Of a group that comes to it later in the same apply.
  used.merge(apply_.addresses());
  listeners_.close_others(used);
}

}  // namespace superd::daemon
