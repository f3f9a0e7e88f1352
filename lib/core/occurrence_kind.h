#pragma once

#include <optional>
#include <string_view>

namespace superd::core {

// What happens in superd, as hooks (and whoever watches) name it: `worker.exited`. Closed.
enum class OccurrenceKind {
  group_starting,
  group_running,
  group_degraded,
  group_stopping,
  group_stopped,
  group_waiting,
  group_failed,
  worker_spawned,   // a process was made
  worker_ready,     // it serves
  worker_stopping,  // the worker was asked to leave
  worker_exited,    // a main process ended, asked or not
  worker_killed,    // superd sent KILL to what was left of a process
  worker_backoff,
  worker_failed,
  roll_started,
  roll_step,
  roll_finished,  // every worker goes by the new recipe
  roll_aborted,   // any other end
  trigger_fired,  // superd acts on its own: a path, a signal, a schedule, a worker's wish
  config_applied,
  config_rejected,
  daemon_started,
  daemon_recovered,  // by a new supervisor after one that died
  daemon_upgraded,   // by the supervisor of another program, or of the same one anew
  daemon_stopping,
};
inline constexpr OccurrenceKind kOccurrenceKinds[] = {
    OccurrenceKind::group_starting,   OccurrenceKind::group_running,
    OccurrenceKind::group_degraded,   OccurrenceKind::group_stopping,
    OccurrenceKind::group_stopped,    OccurrenceKind::group_waiting,
    OccurrenceKind::group_failed,     OccurrenceKind::worker_spawned,
    OccurrenceKind::worker_ready,     OccurrenceKind::worker_stopping,
    OccurrenceKind::worker_exited,    OccurrenceKind::worker_killed,
    OccurrenceKind::worker_backoff,   OccurrenceKind::worker_failed,
    OccurrenceKind::roll_started,     OccurrenceKind::roll_step,
    OccurrenceKind::roll_finished,    OccurrenceKind::roll_aborted,
    OccurrenceKind::trigger_fired,    OccurrenceKind::config_applied,
    OccurrenceKind::config_rejected,  OccurrenceKind::daemon_started,
    OccurrenceKind::daemon_recovered, OccurrenceKind::daemon_upgraded,
    OccurrenceKind::daemon_stopping};

const char* name(OccurrenceKind kind);
std::optional<OccurrenceKind> parse_occurrence_kind(std::string_view text);

}  // namespace superd::core
