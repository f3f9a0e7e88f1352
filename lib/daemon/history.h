#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/effect.h"

namespace superd::daemon {

// The last transitions of every worker, for `why`. Kept in memory, a bounded number each.
class History {
 public:
  static constexpr std::size_t kPerWorker = 20;

  struct Entry {
    std::chrono::system_clock::time_point time;  // wall clock, to be shown and never computed with
    core::WorkerChanged change;
  };

  void note(const core::WorkerChanged& change, std::chrono::system_clock::time_point time);
  // Oldest first.
  [[nodiscard]] std::vector<Entry> of(const core::WorkerRef& worker) const;

 private:
  std::map<core::WorkerRef, std::deque<Entry>> entries_;
};

}  // namespace superd::daemon
