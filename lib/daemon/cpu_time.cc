#include "daemon/cpu_time.h"

#include <algorithm>
#include <utility>

namespace superd::daemon {

double CpuTime::add(Look now) {
  for (const auto& [pid, before] : last_) {
    const auto found = now.find(pid);
    const bool lives = found != now.end() && found->second.started == before.started;
    if (!lives && !now.contains(before.parent)) gone_ += before.all_cpu_seconds();
  }
  last_ = std::move(now);
  double sum = gone_;
  for (const auto& [pid, usage] : last_) sum += usage.all_cpu_seconds();
  // A child that its parent left to the kernel is counted by nobody any more.
  told_ = std::max(told_, sum);
  return told_;
}

}  // namespace superd::daemon
