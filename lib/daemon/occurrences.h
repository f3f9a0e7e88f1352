#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "core/effect.h"
#include "core/event.h"
#include "core/occurrence_kind.h"
#include "core/supervision.h"
#include "wire/views.h"

namespace superd::daemon {

// What happens, as objects with ids that grow: made of what the core is told and wants, each told
// once to whoever listens (superd-control(7), EVENTS, has the fields of each kind).
class Occurrences {
 public:
  using Time = std::chrono::system_clock::time_point;
  using Listener = std::function<void(core::OccurrenceKind, const wire::OccurrenceView&)>;

  // `listener` must not lead back into the core.
  explicit Occurrences(Listener listener) : listener_(std::move(listener)) {}

  // Ids begin with 1, unless an earlier supervisor gave some; called before the first.
  void begin_above(std::uint64_t last) { last_id_ = last; }

  // An event, before the core hears of it: a process was made, a main process ended.
  void note(const core::Event& event, const core::Supervision& core, Time now);
  // Effects, when they are carried out.
  void note(const core::KillTree& e, const core::Supervision& core, Time now);
  void note(const core::Forget& e) { killed_.erase(e.spawn); }
  void note(const core::WorkerChanged& e, Time now);
  void note(const core::GroupChanged& e, Time now);
  void note(const core::RollBegan& e, Time now);
  void note(const core::RollStep& e, Time now);
  void note(const core::RollEnded& e, Time now);
  // What comes from outside the core: trigger.fired (`group` acts because of `cause`),
  // config.applied, config.rejected, daemon.*.
  void note_trigger(const std::string& group, const std::string& cause, Time now);
  void note_other(core::OccurrenceKind kind, const std::string& cause, const std::string& message,
                  Time now);

 private:
  static wire::OccurrenceView about(Time now);
  void tell(core::OccurrenceKind kind, wire::OccurrenceView view);

  Listener listener_;
  std::uint64_t last_id_ = 0;
  std::set<core::SpawnId> killed_;              // KILL is told once a spawn
  std::map<std::string, std::uint64_t> rolls_;  // in hand, by group
  std::map<std::string, std::string> causes_;   // of these
};

}  // namespace superd::daemon
