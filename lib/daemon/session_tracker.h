#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/tracker.h"
#include "loop/defer.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/process_table.h"
#include "os/spare_descriptors.h"

namespace superd::daemon {

// One tree, as far as it was ever seen.
struct KnownTree {
  os::ProcessId main;
  std::set<os::ProcessId> seen;  // living members at the last look
};
using KnownTrees = std::map<core::SpawnId, KnownTree>;

// Reads the spawn that a process's environment names; nothing: none, or it may not be read.
using CookieOf = std::function<std::optional<core::SpawnId>(pid_t)>;

// Which of the keeper's descendants belong to which tree, by one look at the process table:
// seen before, in the main process's session, below a process that belongs to it, or by the
// environment. Of a tree whose main process is none of the keeper's descendants (it was an earlier
// keeper's): what is in its session, was seen before, or is below that. What is left over is mapped
// to nothing. `exempt` and what is below them is left out, unless it belongs to a tree.
std::map<pid_t, std::optional<core::SpawnId>> attribute(const os::ProcessTable& table, pid_t keeper,
                                                        const std::set<pid_t>& exempt,
                                                        const KnownTrees& trees,
                                                        const CookieOf& cookie_of);

// Tracking level 2, for machines where no cgroup can be written.
class SessionTracker : public Tracker {
 public:
  // `why_not_stronger` goes into the description; `notify_dir` is where the workers' NOTIFY_SOCKETs
  // are, whose names are the environment's mark; errands have such a name in SUPERD_ERRAND.
  SessionTracker(loop::Loop& loop, pid_t keeper, std::string notify_dir,
                 std::string why_not_stronger);

  // The trees of an earlier supervisor, as far as their main processes' environments tell.
  Result<std::vector<core::SpawnId>> take_over();

  [[nodiscard]] std::string name() const override { return "session"; }
  [[nodiscard]] std::string description() const override;
  Result<UniqueFd> prepare(core::SpawnId) override { return UniqueFd(); }
  void started(core::SpawnId spawn, const os::ProcessId& main) override;
  std::vector<pid_t> members(core::SpawnId spawn) override;
  std::optional<core::SpawnId> owner(pid_t pid) override;
  std::vector<pid_t> unknown() override;
  void before_stop(core::SpawnId spawn) override;
  void signal(core::SpawnId spawn, int signal) override;
  void kill(core::SpawnId spawn) override;
  void watch_end(core::SpawnId spawn, std::function<void()> gone) override;
  void forget(core::SpawnId spawn) override;
  void close() override {}

 private:
  struct Watched {
    UniqueFd pidfd;
    std::optional<loop::Poll> poll;
  };
  struct EndWatch {
    std::function<void()> gone;
    std::list<Watched> living;
    std::optional<loop::Timer> again;
  };
  [[nodiscard]] std::optional<core::SpawnId> cookie_of(pid_t pid) const;
  // Fails where the process table cannot be read: what was seen before stays.
  Status look();
  // The first call of a turn looks. What ended was told by the kernel before the turn began, so a
  // look in it is late enough for everything that happens in it.
  Status look_once_a_turn();
  enum class Living { none, some, unknown };
  Living watch_living(core::SpawnId spawn, EndWatch& watch);
  void sample();
  void check_end(core::SpawnId spawn);

  // For the process table and a pidfd.
  static constexpr std::size_t kSpareDescriptors = 3;

  loop::Loop& loop_;
  pid_t keeper_;
  std::string notify_dir_;
  std::string why_not_stronger_;
  KnownTrees trees_;
  std::vector<pid_t> unknown_;
  std::map<core::SpawnId, EndWatch> ends_;
  std::size_t samples_taken_ = 0;  // since the latest start
  os::SpareDescriptors spares_{kSpareDescriptors};
  loop::Timer sampler_;
  bool looked_this_turn_ = false;
  loop::Defer end_of_turn_;
};

}  // namespace superd::daemon
