#include "daemon/tracker.h"

#include <memory>
#include <utility>

#include "base/shortage.h"
#include "daemon/cgroup_tracker.h"
#include "daemon/session_tracker.h"
#include "os/cgroup.h"

namespace superd::daemon {
namespace {

Tracking with_leftovers(std::unique_ptr<Tracker> tracker,
                        Result<std::vector<core::SpawnId>> leftovers) {
  Tracking tracking{.tracker = std::move(tracker), .leftovers = {}, .found = {}};
  if (leftovers) {
    tracking.leftovers = std::move(*leftovers);
  } else {
    tracking.found = tl::unexpected(leftovers.error());
  }
  return tracking;
}

}  // namespace

Tracking make_tracker(loop::Loop& loop, const std::string& runtime_dir, pid_t keeper) {
  Result<os::CgroupRoot> root = os::CgroupRoot::open(runtime_dir);
  if (root) {
    auto tracker = std::make_unique<CgroupTracker>(loop, std::move(*root));
    Result<std::vector<core::SpawnId>> leftovers = tracker->existing();
    return with_leftovers(std::move(tracker), std::move(leftovers));
  }
  auto tracker =
      std::make_unique<SessionTracker>(loop, keeper, notify_dir(runtime_dir), root.error().message);
  Result<std::vector<core::SpawnId>> leftovers = tracker->take_over();
  Tracking tracking = with_leftovers(std::move(tracker), std::move(leftovers));
  // A weaker means than the one of the supervisor before would lose its processes.
  if (is_shortage(root.error().code)) tracking.found = tl::unexpected(root.error());
  return tracking;
}

std::string notify_dir(const std::string& runtime_dir) { return runtime_dir + "/notify"; }

}  // namespace superd::daemon
