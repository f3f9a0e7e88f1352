#include "core/state.h"

#include <cstdlib>

namespace superd::core {

const char* name(WorkerState state) {
  switch (state) {
    case WorkerState::stopped:
      return "stopped";
    case WorkerState::starting:
      return "starting";
    case WorkerState::ready:
      return "ready";
    case WorkerState::stopping:
      return "stopping";
    case WorkerState::backoff:
      return "backoff";
    case WorkerState::failed:
      return "failed";
    case WorkerState::exited:
      return "exited";
    case WorkerState::unkillable:
      return "unkillable";
  }
  std::abort();
}

const char* name(GroupState state) {
  switch (state) {
    case GroupState::stopped:
      return "stopped";
    case GroupState::starting:
      return "starting";
    case GroupState::running:
      return "running";
    case GroupState::degraded:
      return "degraded";
    case GroupState::rolling:
      return "rolling";
    case GroupState::stopping:
      return "stopping";
    case GroupState::waiting:
      return "waiting";
    case GroupState::failed:
      return "failed";
  }
  std::abort();
}

std::optional<WorkerState> parse_worker_state(std::string_view text) {
  for (const WorkerState state : kWorkerStates) {
    if (text == name(state)) return state;
  }
  return std::nullopt;
}

std::optional<GroupState> parse_group_state(std::string_view text) {
  for (const GroupState state : kGroupStates) {
    if (text == name(state)) return state;
  }
  return std::nullopt;
}

}  // namespace superd::core
