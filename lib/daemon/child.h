#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/exit.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/process.h"
#include "os/spawn.h"

namespace superd::daemon {

core::Exit to_core(const os::Exit& exit);

// How a process ended that was not made, or did not get to its program.
core::Exit before_exec(const Error& why);

// One child process of superd from its making to its end: a worker's main process, or an errand's.
// Tells when its program runs and how it ended, each once, from the loop.
class Child {
 public:
  struct Hooks {
    std::function<void()> on_running{};  // the program is executed
    std::function<void()> on_ended{};    // it has ended and is not reaped: its last words are there
    // A failure before the program ran is Exit::never_ran, with stage and errno. May destroy the
    // child.
    std::function<void(core::Exit)> on_exit{};
  };

  // Nobody follows it before follow().
  Child(os::SpawnRequest request, os::Spawned spawned);
  // One that an earlier supervisor made: it runs its program, or has ended. Its end is the keeper's
  // to tell (ended()), who has it as a child by now; where nobody does, the kernel is asked.
  // Without a pidfd it has ended, and its end may be told yet.
  Child(const os::ProcessId& id, UniqueFd pidfd);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Where it fails, it may be called again.
  Status follow(loop::Loop& loop, Hooks hooks);

  // How an adopted one ended. May destroy the child.
  void ended(const os::Exit& exit);

  [[nodiscard]] const os::ProcessId& id() const { return id_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  // Its exit was told, or it was reaped.
  [[nodiscard]] bool gone() const { return gone_; }
  // Of one that is gone: nothing happens.
  [[nodiscard]] Status signal(int number) const;
  // Takes away one that nobody follows any more; nothing where it still runs.
  void reap();

 private:
  Status watch(loop::Loop& loop, int fd, std::optional<loop::Poll>& poll, void (Child::*handler)());
  void on_exec_report();
  void on_end();
  void on_adopted_end();
  void ask_for_exit();
  void tell_exit(core::Exit exit);

  Hooks hooks_;
  os::SpawnRequest request_;  // until the program runs: for the words of a failure
  std::optional<Error> exec_failure_;
  os::ProcessId id_;
  bool gone_ = false;
  bool adopted_ = false;
  UniqueFd pidfd_;
  UniqueFd exec_status_;
  // Polls end before their descriptors.
  std::optional<loop::Poll> exec_poll_;
  std::optional<loop::Poll> exit_poll_;
  // An adopted one has ended, and how is not known yet.
  std::optional<loop::Timer> patience_;
  int asked_ = 0;
};

}  // namespace superd::daemon
