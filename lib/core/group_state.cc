#include <algorithm>
#include <cstdlib>

#include "core/group.h"

namespace superd::core {
namespace {

bool is_wanted(const Worker& worker) {
  switch (worker.state) {
    case WorkerState::starting:
    case WorkerState::ready:
    case WorkerState::backoff:
    case WorkerState::failed:
      return true;
    case WorkerState::stopping:
    case WorkerState::unkillable:
      return worker.afterwards != Afterwards::rest;
    case WorkerState::stopped:
    case WorkerState::exited:
      return false;
  }
  std::abort();
}

}  // namespace

int count_being_started(const Group& group) {
  return static_cast<int>(
      std::count_if(group.workers.begin(), group.workers.end(), is_being_started));
}

Census census(const Group& group) {
  Census count;
  for (const Worker& worker : group.workers) {
    if (worker.state == WorkerState::ready) ++count.ready;
    if (is_wanted(worker)) ++count.wanted;
  }
  return count;
}

GroupState derive_state(const Group& group) {
  if (group.roll) return GroupState::rolling;
  const auto any = [&](auto predicate) {
    return std::any_of(group.workers.begin(), group.workers.end(), predicate);
  };
  const Census count = census(group);
  if (count.wanted == 0) {
    const bool leaving = any([](const Worker& w) { return !is_at_rest(w); });
    if (leaving) return GroupState::stopping;
    return group.demand ? GroupState::waiting : GroupState::stopped;
  }
  if (count.ready == count.wanted) return GroupState::running;
  const bool in_trouble = any([](const Worker& w) {
    return w.state == WorkerState::backoff || w.state == WorkerState::failed ||
           w.state == WorkerState::unkillable;
  });
  const bool coming_up = group.state == GroupState::stopped || group.state == GroupState::waiting ||
                         group.state == GroupState::starting;
  if (count.ready > 0) {
    return coming_up && !in_trouble ? GroupState::starting : GroupState::degraded;
  }
  const bool goes_on =
      any([](const Worker& w) { return is_wanted(w) && w.state != WorkerState::failed; });
  return goes_on ? GroupState::starting : GroupState::failed;
}

}  // namespace superd::core
