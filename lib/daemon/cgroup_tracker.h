#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/tracker.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/cgroup.h"
#include "os/spare_descriptors.h"

namespace superd::daemon {

// Tracking level 1: a fresh cgroup for each spawn, `sN` with the spawn's id.
class CgroupTracker : public Tracker {
 public:
  CgroupTracker(loop::Loop& loop, os::CgroupRoot root);

  [[nodiscard]] std::string name() const override { return "cgroup"; }
  [[nodiscard]] std::string description() const override;
  Result<UniqueFd> prepare(core::SpawnId spawn) override;
  void started(core::SpawnId, const os::ProcessId&) override {}
  std::vector<pid_t> members(core::SpawnId spawn) override;
  std::optional<core::SpawnId> owner(pid_t pid) override;
  std::vector<pid_t> unknown() override { return {}; }
  void before_stop(core::SpawnId) override {}
  void signal(core::SpawnId spawn, int signal) override;
  void kill(core::SpawnId spawn) override;
  void watch_end(core::SpawnId spawn, std::function<void()> gone) override;
  void forget(core::SpawnId spawn) override;
  void close() override;

  // Spawns whose cgroups exist at this moment.
  Result<std::vector<core::SpawnId>> existing();

 private:
  struct EndWatch {
    UniqueFd events;
    std::optional<loop::Poll> poll;
    std::optional<loop::Timer> again;
    std::function<void()> gone;
  };
  // For a list of processes, a pidfd and a look at whose it is.
  static constexpr std::size_t kSpareDescriptors = 3;

  void watch_events(core::SpawnId spawn, EndWatch& watch);
  void check_end(core::SpawnId spawn);
  void remove_pending();

  loop::Loop& loop_;
  os::SpareDescriptors spares_{kSpareDescriptors};
  os::CgroupRoot root_;
  std::map<core::SpawnId, EndWatch> ends_;
  // Cgroups that were still busy when they were to be removed.
  std::set<core::SpawnId> removals_;
  loop::Timer removal_timer_;
};

}  // namespace superd::daemon
