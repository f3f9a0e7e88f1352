#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/exit.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "os/process.h"
#include "os/spawn.h"

namespace superd::daemon {

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
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Status follow(loop::Loop& loop, Hooks hooks);

  [[nodiscard]] const os::ProcessId& id() const { return id_; }
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

  Hooks hooks_;
  os::SpawnRequest request_;  // until the program runs: for the words of a failure
  std::optional<std::string> exec_failure_;
  os::ProcessId id_;
  bool gone_ = false;
  UniqueFd pidfd_;
  UniqueFd exec_status_;
  // Polls end before their descriptors.
  std::optional<loop::Poll> exec_poll_;
  std::optional<loop::Poll> exit_poll_;
};

}  // namespace superd::daemon
