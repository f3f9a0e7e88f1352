#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/recipe.h"
#include "daemon/spawn_request.h"
#include "daemon/tracker.h"
#include "loop/defer.h"
#include "loop/loop.h"
#include "os/spawn.h"

namespace superd::daemon {

// As whom what concerns a whole group is run.
inline constexpr int kFirstWorker = 1;

// How an errand ended.
struct ErrandEnd {
  enum class How {
    succeeded,  // its main process exited with 0
    failed,     // it ended otherwise, or did not end in time
    never_ran,  // no program was executed
  };
  How how = How::succeeded;
  // `exited with status 1`, `was killed by signal 9 (KILL)`, `did not end within 5m`,
  // `exec manage.py: No such file or directory`; empty where it succeeded.
  std::string message{};
  // Its last lines, both streams, at most LastLines' limits, as written: printable() them.
  std::vector<std::string> output{};
};

// Commands that run beside the workers, once, as the next process of a worker would run: user,
// environment, directory and limits of a recipe, in a session and a tracked tree of their own.
// They get none of the group's listening sockets and no NOTIFY_SOCKET; stdin is /dev/null. Their
// environment has SUPERD_ERRAND, by which a later supervisor finds what this one leaves behind. An
// errand is over when its main process ends; what that leaves behind is killed. Nothing here waits.
class Errands {
 public:
  struct Parts {
    loop::Loop& loop;
    Tracker& tracker;
  };
  struct Surroundings {
    std::string notify_dir;                    // for the mark of the environment
    std::optional<std::string> worker_socket;  // for SUPERD_SOCKET
    std::vector<core::EnvEntry> environment;   // superd's own
    std::optional<rlim_t> nofile_soft;         // to be given back
  };
  struct Order {
    Recipes::Shared recipe;
    int worker = 1;                      // as which it runs
    std::vector<std::string> command{};  // words with placeholders
    loop::Duration timeout{};            // then its whole tree is killed
    // The recipe's own command instead, with these sockets in place of the group's.
    std::optional<Stage> stage{};
  };
  using OnEnd = std::function<void(ErrandEnd)>;

  // Ids of errands are `first` and up; see first_errand(). KILL is repeated after `kill_pause`.
  Errands(Parts parts, Surroundings surroundings, core::SpawnId first,
          loop::Duration kill_pause = std::chrono::seconds(1));
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // `on_end` is called once, later, from the loop; also where nothing could be started.
  core::SpawnId run(const Order& order, OnEnd on_end);
  // The id that the next one will have.
  [[nodiscard]] core::SpawnId next() const { return core::SpawnId{next_}; }
  // To its main process, if there is one.
  void signal_main(core::SpawnId errand, int signal);
  // Kills it; its end is not told any more. Nothing happens for an errand that has ended.
  void cancel(core::SpawnId errand);
  // As which worker it runs; nothing once no process of it is left.
  [[nodiscard]] std::optional<core::WorkerRef> worker_of(core::SpawnId errand) const;
  // The last lines of one that has not ended.
  [[nodiscard]] std::vector<std::string> output(core::SpawnId errand);

  // For the end of superd: cancels all, and calls `idle` when no process of an errand is left or
  // what is left survives KILL: now or later.
  void finish(std::function<void()> idle);

 private:
  struct Errand;
  [[nodiscard]] Errand* find(core::SpawnId id) const;
  [[nodiscard]] Result<os::SpawnRequest> request_of(const Order& order, core::SpawnId id) const;
  Status start(Errand& errand, const Order& order);
  Status watch(Errand& errand);
  void on_output(core::SpawnId id);
  void on_exit(core::SpawnId id, const core::Exit& exit);
  void on_time(core::SpawnId id);
  void tell_failures();
  void kill(Errand& errand);
  void end_tree(core::SpawnId id);
  void forget(core::SpawnId id);
  void check_idle();

  Parts parts_;
  Surroundings surroundings_;
  std::uint64_t next_;
  loop::Duration kill_pause_;
  std::map<core::SpawnId, std::unique_ptr<Errand>> errands_;
  loop::Defer failures_;
  std::function<void()> idle_;
};

// Errands are tracked like spawns, under ids that no spawn of this or another supervisor has: the
// id of the supervisor's first spawn, moved up.
core::SpawnId first_errand(std::uint64_t first_spawn);
bool is_errand(core::SpawnId id);

}  // namespace superd::daemon
