#include "daemon/tracker.h"

#include <memory>
#include <utility>

#include "base/log.h"
#include "daemon/cgroup_tracker.h"
#include "daemon/session_tracker.h"
#include "os/cgroup.h"

namespace superd::daemon {

Tracking make_tracker(loop::Loop& loop, const std::string& runtime_dir, pid_t keeper) {
  Result<os::CgroupRoot> root = os::CgroupRoot::open(runtime_dir);
  if (root) {
    auto tracker = std::make_unique<CgroupTracker>(loop, std::move(*root));
    std::vector<core::SpawnId> leftovers = tracker->existing();
    return {.tracker = std::move(tracker), .leftovers = std::move(leftovers)};
  }
  auto tracker =
      std::make_unique<SessionTracker>(loop, keeper, notify_dir(runtime_dir), root.error().message);
  std::vector<core::SpawnId> leftovers = tracker->take_over();
  return {.tracker = std::move(tracker), .leftovers = std::move(leftovers)};
}

std::string notify_dir(const std::string& runtime_dir) { return runtime_dir + "/notify"; }

}  // namespace superd::daemon
