#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "core/exit.h"
#include "core/hook.h"
#include "core/spec.h"
#include "loop/loop.h"

namespace superd::daemon {

// Runs [[hook]] programs beside superd: as superd's user, with superd's environment, in a session
// of their own, the occurrence as one line of JSON on standard input. Each has its time, then it
// and all below it is killed; what it wrote last goes to superd's log. Few run at a time, the
// others wait in the order in which things happened; where too many wait the oldest are dropped,
// counted in the log. Nothing here waits, or ever holds up superd.
class Hooks {
 public:
  struct Limits {
    std::size_t running = 4;
    std::size_t waiting = 64;
    core::Duration timeout = std::chrono::seconds(30);
  };
  struct Surroundings {
    std::vector<core::EnvEntry> environment;  // superd's own
    std::optional<rlim_t> nofile_soft;        // to be given back
  };

  // For whoever takes care of what runs where this object does not live to do it (OrphanHooks).
  struct Keep {
    std::function<void(pid_t pid, int pidfd)> began{};
    std::function<void(pid_t pid)> over{};
  };

  // `hooks` is borrowed, and may change between two occurrences.
  Hooks(loop::Loop& loop, const std::vector<core::HookSpec>& hooks, Surroundings surroundings,
        Limits limits, Keep keep);
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // Something happened: every hook on it is run, at once or when its turn comes. `json` is one
  // line without a newline. The programs are started later, from the loop.
  void tell(core::OccurrenceKind kind, const std::string& json);
  // Whether any hook is on it.
  [[nodiscard]] bool wants(core::OccurrenceKind kind) const;
  // How many were dropped since superd began.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  // For the end of superd: what waits still has its turn; `idle` is called once nothing waits or
  // runs, now or later.
  void finish(std::function<void()> idle);
  // Kills what runs and forgets what waits.
  void abandon();

 private:
  struct Run;
  struct Waiting {
    core::HookSpec hook;
    core::OccurrenceKind kind{};
    std::string json;
  };

  void start_some();
  static std::string label_of(const Waiting& what);
  Status start(const Waiting& what);
  Status follow(std::uint64_t id, Run& run);
  void on_output(std::uint64_t id);
  void on_exit(std::uint64_t id, const core::Exit& exit);
  void on_time(std::uint64_t id);
  // Takes it out; null where it is not there.
  std::unique_ptr<Run> end(std::uint64_t id);
  void drop_oldest();
  void check_idle();

  struct Parts;
  loop::Loop& loop_;
  const std::vector<core::HookSpec>& hooks_;
  Surroundings surroundings_;
  Limits limits_;
  Keep keep_;
  std::deque<Waiting> waiting_;
  std::map<std::uint64_t, std::unique_ptr<Run>> running_;
  std::uint64_t last_run_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_before_ = 0;  // of these the ones that the log has counted
  std::unique_ptr<Parts> parts_;
  std::function<void()> idle_;
};

}  // namespace superd::daemon
