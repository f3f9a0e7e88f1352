#include "selection.h"

namespace superd::superctl {

std::vector<client::KnownGroup> known_groups(const wire::StatusView& status) {
  std::vector<client::KnownGroup> known;
  for (const auto& group : status.groups) {
    known.push_back({.name = group.name, .workers = {}});
    for (const auto& worker : group.workers) known.back().workers.push_back(worker.name);
  }
  return known;
}

std::string state_of(const wire::StatusView& status, const client::Target& target) {
  for (const auto& group : status.groups) {
    if (group.name == target.group && !target.worker) return group.state;
  }
  const auto workers = workers_of(status, target);
  return target.worker && !workers.empty() ? workers.front().state : "";
}

std::vector<wire::WorkerView> workers_of(const wire::StatusView& status,
                                         const client::Target& target) {
  std::vector<wire::WorkerView> found;
  for (const auto& group : status.groups) {
    if (group.name != target.group) continue;
    for (const auto& worker : group.workers) {
      if (!target.worker || *target.worker == worker.name) found.push_back(worker);
    }
  }
  return found;
}

}  // namespace superd::superctl
