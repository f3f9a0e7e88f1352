#pragma once

#include <optional>
#include <string_view>

namespace superd::core {

enum class WorkerState {
  stopped,     // not wanted
  starting,    // waits for its turn, or has a process that is not ready
  ready,       // serves
  stopping,    // asked to leave; its tree is not gone yet
  backoff,     // died; waits before the next respawn
  failed,      // died, and superd does not try again
  exited,      // ended cleanly, and the policy does not respawn it
  unkillable,  // survived KILL (a process in uninterruptible sleep)
};
inline constexpr WorkerState kWorkerStates[] = {
    WorkerState::stopped, WorkerState::starting, WorkerState::ready,  WorkerState::stopping,
    WorkerState::backoff, WorkerState::failed,   WorkerState::exited, WorkerState::unkillable};

enum class GroupState {
  stopped,
  starting,
  running,   // every wanted worker is ready
  degraded,  // some are
  rolling,
  stopping,
  waiting,  // for a connection that starts the workers: sockets held, no process yet
  failed,   // none is ready, and superd gave up on at least one
};
inline constexpr GroupState kGroupStates[] = {
    GroupState::stopped, GroupState::starting, GroupState::running, GroupState::degraded,
    GroupState::rolling, GroupState::stopping, GroupState::waiting, GroupState::failed};

const char* name(WorkerState state);
const char* name(GroupState state);
std::optional<WorkerState> parse_worker_state(std::string_view text);
std::optional<GroupState> parse_group_state(std::string_view text);

}  // namespace superd::core
