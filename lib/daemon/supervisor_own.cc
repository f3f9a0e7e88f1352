#include <array>
#include <chrono>
#include <string>

#include <fcntl.h>

#include "base/log.h"
#include "daemon/supervisor_state.h"
#include "logs/stamp.h"
#include "wire/json.h"

// What superd does of its own accord, and what it tells of.
namespace superd::daemon {

SignalOrders::Hooks Supervisor::signal_hooks() {
  using Group = const std::string&;
  using Cause = const std::string&;
  return {
      .fired = [this](Group group, Cause cause) { note_trigger(group, cause); },
      .hold = [this](Group group, Cause cause) { (void)holds_.hold(group, cause); },
      .release = [this](Group group,
                        Cause cause) { holds_.release(group, cause, [](const Holds::Ended&) {}); },
      .apply = [this](Cause cause) { apply_.request(cause); },
      .shutdown =
          [this](Cause cause) {
            happen(core::ShutdownRequested{.cause = cause, .urgency = core::Urgency::ordered});
          }};
}

void Supervisor::on_schedule(const std::string& group) {
  log::info("{}: the schedule is due{}", group,
            automatic_.held(group) ? "; the group is held" : "");
  automatic_.request(group, {.kind = core::TriggerAction::Kind::restart}, "schedule");
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

void Supervisor::write_own() {
  if (!keeper_gone_ && !finished_) journal_.flush();
}

void Supervisor::note_trigger(const std::string& group, const std::string& cause) {
  occurrences_.note_trigger(group, cause, std::chrono::system_clock::now());
}

void Supervisor::tell(core::OccurrenceKind kind, const wire::OccurrenceView& view) {
  event_history_.add(view);
  event_feed_.wake();
  if (hooks_.wants(kind)) hooks_.tell(kind, wire::to_text(view));
}

LogFeed::Parts Supervisor::log_feed_parts() {
  return {.history = event_history_,
          .read_on =
              [this](LogFeed::Sources sources, logs::Stream only,
                     logs::LoggerClient::LinesCallback on_lines) {
                logger_.read_on(std::move(sources), only, std::move(on_lines));
              },
          .sources = [this](const std::string& group) { return routes_.log_sources(group); },
          .now = [] { return logs::to_string(logs::wall_clock()); }};
}

Hooks::Keep Supervisor::hook_keep() {
  return {.began =
              [this](pid_t pid, int pidfd) {
                (void)keeper_.put(OrphanHooks::item_of(pid), std::array{pidfd});
                sync_keeper();
              },
          .over = [this](pid_t pid) { drop_hook(pid); }};
}

void Supervisor::drop_hook(pid_t pid) {
  (void)keeper_.drop(OrphanHooks::item_of(pid));
  sync_keeper();
}

}  // namespace superd::daemon
