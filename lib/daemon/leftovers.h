#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/tracker.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/process.h"

namespace superd::daemon {

// The workers of a supervisor that died. They are ended in order, by their groups' stop signal and
// timeout, before anything new is started; their sockets and the rest of their output are kept.
class Leftovers {
 public:
  struct One {
    core::SpawnId spawn{};
    core::WorkerRef worker;  // number 0: not known
    core::StopSpec stop;     // of the group as the config has it now
  };

  // KILL is repeated after `kill_pause`; what survives core::kMaxKills of them is left behind.
  Leftovers(loop::Loop& loop, Tracker& tracker, pid_t keeper,
            loop::Duration kill_pause = std::chrono::seconds(1))
      : loop_(loop), tracker_(tracker), keeper_(keeper), kill_pause_(kill_pause) {}

  // `gone` is told for each, `done` after the last: from the loop or from here.
  void end(const std::vector<One>& leftovers, std::function<void(core::SpawnId)> gone,
           std::function<void()> done);
  [[nodiscard]] bool ending() const { return !waiting_.empty(); }
  // Those that are left get no more time.
  void hurry();

 private:
  // A main process that was asked; when it ends, what it leaves behind is asked as well.
  struct Main {
    UniqueFd pidfd;
    std::optional<loop::Poll> end;
  };
  enum class Asked { yes, no };

  struct Patience {
    loop::Timer timer;
    int kills = 0;
  };

  void ask_to_leave(const One& one);
  Asked ask_main(const One& one, const os::ProcessId& process);
  void kill(core::SpawnId spawn);
  // It is gone, or will not go: it is waited for no longer.
  void settle(core::SpawnId spawn);

  loop::Loop& loop_;
  Tracker& tracker_;
  pid_t keeper_;
  loop::Duration kill_pause_;
  std::map<core::SpawnId, Patience> waiting_;
  std::list<Main> mains_;
  std::function<void(core::SpawnId)> gone_;
  std::function<void()> done_;
};

}  // namespace superd::daemon
