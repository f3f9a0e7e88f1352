#include "daemon/occurrences.h"

#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "daemon/lives.h"
#include "daemon/roll_text.h"
#include "daemon/state_views.h"

namespace superd::daemon {
namespace {

using Kind = core::OccurrenceKind;

void describe_process(wire::OccurrenceView& view, const FoundLife& found, std::int64_t pid) {
  view.group = found.worker.ref.group;
  view.worker = core::to_string(found.worker.ref);
  if (pid != 0) view.pid = pid;
  view.generation = found.life.generation;
}

std::optional<Kind> kind_of(core::WorkerState state) {
  switch (state) {
    case core::WorkerState::ready:
      return Kind::worker_ready;
    case core::WorkerState::stopping:
      return Kind::worker_stopping;
    case core::WorkerState::backoff:
      return Kind::worker_backoff;
    case core::WorkerState::failed:
      return Kind::worker_failed;
    case core::WorkerState::stopped:
    case core::WorkerState::starting:
    case core::WorkerState::exited:
    case core::WorkerState::unkillable:
      return std::nullopt;
  }
  std::abort();
}

}  // namespace

wire::OccurrenceView Occurrences::about(Time now) {
  wire::OccurrenceView view;
  view.time = rfc3339(now);
  return view;
}

void Occurrences::tell(Kind kind, wire::OccurrenceView view) {
  view.id = ++last_id_;
  view.event = core::name(kind);
  if (view.group && !view.roll) {
    if (const auto roll = rolls_.find(*view.group); roll != rolls_.end()) view.roll = roll->second;
  }
  listener_(kind, view);
}

void Occurrences::note(const core::Event& event, const core::Supervision& core, Time now) {
  if (const auto* made = std::get_if<core::ProcessMade>(&event)) {
    const auto found = find_life(core, made->spawn);
    // One that an earlier supervisor made was told by that.
    if (!found || found->life.pid != 0) return;
    wire::OccurrenceView view = about(now);
    describe_process(view, *found, made->pid);
    view.cause = cause_of_start(*found);
    tell(Kind::worker_spawned, std::move(view));
  } else if (const auto* exited = std::get_if<core::MainExited>(&event)) {
    const auto found = find_life(core, exited->spawn);
    if (!found) return;
    wire::OccurrenceView view = about(now);
    describe_process(view, *found, found->life.pid);
    view.cause = cause_of_end(*found);
    view.message = core::describe(exited->exit);
    view.exit = to_view(exited->exit);
    tell(Kind::worker_exited, std::move(view));
  } else if (const auto* shutdown = std::get_if<core::ShutdownRequested>(&event)) {
    if (!core.shutting_down()) note_other(Kind::daemon_stopping, shutdown->cause, "", now);
  }
}

void Occurrences::note(const core::KillTree& e, const core::Supervision& core, Time now) {
  const auto found = find_life(core, e.spawn);
  if (!found || !killed_.insert(e.spawn).second) return;
  wire::OccurrenceView view = about(now);
  describe_process(view, *found, found->life.pid);
  view.cause = found->worker.cause;
  view.message = found->life.main_gone ? "what its main process left behind was killed"
                                       : "it was killed with all its processes";
  tell(Kind::worker_killed, std::move(view));
}

void Occurrences::note(const core::WorkerChanged& e, Time now) {
  const auto kind = kind_of(e.to);
  if (!kind) return;
  wire::OccurrenceView view = about(now);
  view.group = e.worker.group;
  view.worker = core::to_string(e.worker);
  if (e.pid != 0) view.pid = e.pid;
  if (e.generation != 0) view.generation = e.generation;
  view.cause = e.cause;
  if (!e.message.empty()) view.message = e.message;
  if (e.exit) view.exit = to_view(*e.exit);
  tell(*kind, std::move(view));
}

void Occurrences::note(const core::GroupChanged& e, Time now) {
  // The state `rolling` is told by the roll itself.
  const auto kind = core::parse_occurrence_kind(std::string("group.") + core::name(e.to));
  if (!kind) return;
  wire::OccurrenceView view = about(now);
  view.group = e.group;
  view.cause = e.cause;
  tell(*kind, std::move(view));
}

void Occurrences::note(const core::RollBegan& e, Time now) {
  rolls_[e.group] = static_cast<std::uint64_t>(e.roll);
  wire::OccurrenceView view = about(now);
  view.group = e.group;
  view.generation = e.generation;
  view.cause = e.cause;
  causes_[e.group] = e.cause;
  tell(Kind::roll_started, std::move(view));
}

void Occurrences::note(const core::RollStep& e, Time now) {
  wire::OccurrenceView view = about(now);
  view.group = e.group;
  view.roll = static_cast<std::uint64_t>(e.roll);
  if (e.worker != 0) view.worker = core::to_string({.group = e.group, .number = e.worker});
  if (e.pid != 0) view.pid = e.pid;
  view.cause = causes_[e.group];
  view.step = name(e.kind);
  if (!e.message.empty()) view.message = e.message;
  tell(Kind::roll_step, std::move(view));
}

void Occurrences::note(const core::RollEnded& e, Time now) {
  wire::OccurrenceView view = about(now);
  view.group = e.group;
  view.roll = static_cast<std::uint64_t>(e.roll);
  view.generation = e.generation;
  view.cause = causes_[e.group];
  view.result = name(e.result);
  if (!e.message.empty()) view.message = e.message;
  rolls_.erase(e.group);
  causes_.erase(e.group);
  tell(e.result == core::RollResult::done ? Kind::roll_finished : Kind::roll_aborted,
       std::move(view));
}

void Occurrences::note_trigger(const std::string& group, const std::string& cause, Time now) {
  wire::OccurrenceView view = about(now);
  view.group = group;
  view.cause = cause;
  tell(Kind::trigger_fired, std::move(view));
}

void Occurrences::note_other(Kind kind, const std::string& cause, const std::string& message,
                             Time now) {
  wire::OccurrenceView view = about(now);
  if (!cause.empty()) view.cause = cause;
  if (!message.empty()) view.message = message;
  tell(kind, std::move(view));
}

}  // namespace superd::daemon
