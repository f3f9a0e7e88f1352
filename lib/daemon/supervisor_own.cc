#include <array>
#include <chrono>
#include <string>

#include <fcntl.h>

#include "base/log.h"
#include "daemon/supervisor_state.h"
#include "wire/json.h"

// What superd does of its own accord, and what it tells of.
namespace superd::daemon {

SignalOrders::Hooks Supervisor::signal_hooks() {
  using Group = const std::string&;
  using Cause = const std::string&;
  return {.fired = [this](Group group, Cause cause) { note_trigger(group, cause); },
          .reload =
              [this](Group group, Cause cause) {
                own_commands_.act(group, {.kind = core::TriggerAction::Kind::reload}, cause);
              },
          .hold = [this](Group group, Cause cause) { hold(group, cause); },
          .release = [this](Group group, Cause cause) { release(group, cause); },
          .apply = [this](Cause cause) { apply_.request(cause); }};
}

void Supervisor::on_schedule(const std::string& group) {
  log::info("{}: the schedule is due{}", group,
            automatic_.held(group) ? "; the group is held" : "");
  automatic_.request(group, {.kind = core::TriggerAction::Kind::restart}, "schedule");
}

void Supervisor::hold(const std::string& group, const std::string& cause) {
  if (!automatic_.hold(group, Automatic::Holder::command, cause)) return;
  log::info("{}: held ({})", group, cause);
  keep_hold(group, wire::HoldAction::hold);
}

void Supervisor::release(const std::string& group, const std::string& cause) {
  triggers_.when_settled(group, [this, group, cause] {
    if (!automatic_.release(group, Automatic::Holder::command)) return;
    log::info("{}: released ({})", group, cause);
    keep_hold(group, wire::HoldAction::release);
  });
}

void Supervisor::keep_hold(const std::string& group, wire::HoldAction action) {
  const std::string item = std::string(kHoldItem) + group;
  switch (action) {
    case wire::HoldAction::hold: {
      // The item's name says it all; an item has a descriptor.
      const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (nothing) (void)keeper_.put(item, std::array{nothing.get()});
      break;
    }
    case wire::HoldAction::release:
      (void)keeper_.drop(item);
      break;
  }
  sync_keeper();
}

void Supervisor::note_trigger(const std::string& group, const std::string& cause) {
  occurrences_.note_trigger(group, cause, std::chrono::system_clock::now());
}

void Supervisor::tell_hooks(core::OccurrenceKind kind, const wire::OccurrenceView& view) {
  if (hooks_.wants(kind)) hooks_.tell(kind, wire::to_text(view));
}

}  // namespace superd::daemon
