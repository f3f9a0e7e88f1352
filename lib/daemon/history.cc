#include "daemon/history.h"

namespace superd::daemon {

void History::note(const core::WorkerChanged& change, std::chrono::system_clock::time_point time) {
  std::deque<Entry>& entries = entries_[change.worker];
  entries.push_back(Entry{.time = time, .change = change});
  if (entries.size() > kPerWorker) entries.pop_front();
}

std::vector<History::Entry> History::of(const core::WorkerRef& worker) const {
  const auto found = entries_.find(worker);
  if (found == entries_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace superd::daemon
