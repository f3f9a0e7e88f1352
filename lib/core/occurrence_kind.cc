#include "core/occurrence_kind.h"

#include <cstdlib>

namespace superd::core {

const char* name(OccurrenceKind kind) {
  switch (kind) {
    case OccurrenceKind::group_starting:
      return "group.starting";
    case OccurrenceKind::group_running:
      return "group.running";
    case OccurrenceKind::group_degraded:
      return "group.degraded";
    case OccurrenceKind::group_stopping:
      return "group.stopping";
    case OccurrenceKind::group_stopped:
      return "group.stopped";
    case OccurrenceKind::group_waiting:
      return "group.waiting";
    case OccurrenceKind::group_failed:
      return "group.failed";
    case OccurrenceKind::worker_spawned:
      return "worker.spawned";
    case OccurrenceKind::worker_ready:
      return "worker.ready";
    case OccurrenceKind::worker_stopping:
      return "worker.stopping";
    case OccurrenceKind::worker_exited:
      return "worker.exited";
    case OccurrenceKind::worker_killed:
      return "worker.killed";
    case OccurrenceKind::worker_backoff:
      return "worker.backoff";
    case OccurrenceKind::worker_failed:
      return "worker.failed";
    case OccurrenceKind::roll_started:
      return "roll.started";
    case OccurrenceKind::roll_step:
      return "roll.step";
    case OccurrenceKind::roll_finished:
      return "roll.finished";
    case OccurrenceKind::roll_aborted:
      return "roll.aborted";
    case OccurrenceKind::trigger_fired:
      return "trigger.fired";
    case OccurrenceKind::config_applied:
      return "config.applied";
    case OccurrenceKind::config_rejected:
      return "config.rejected";
    case OccurrenceKind::daemon_started:
      return "daemon.started";
    case OccurrenceKind::daemon_recovered:
      return "daemon.recovered";
    case OccurrenceKind::daemon_upgraded:
      return "daemon.upgraded";
    case OccurrenceKind::daemon_stopping:
      return "daemon.stopping";
  }
  std::abort();
}

std::optional<OccurrenceKind> parse_occurrence_kind(std::string_view text) {
  for (const OccurrenceKind kind : kOccurrenceKinds) {
    if (text == name(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace superd::core
