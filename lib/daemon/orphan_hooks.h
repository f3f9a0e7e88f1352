#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "core/spec.h"
#include "loop/loop.h"

namespace superd::daemon {

// Programs of [[hook]] that a supervisor started and did not outlive. Nobody reads any more what
// they write, and nobody reaps them here; but each has its time, and is then killed with all below
// it. The keeper keeps a pidfd of each under the name that item_of() gives it.
class OrphanHooks {
 public:
  static std::string item_of(pid_t pid);
  // Nothing: it is no item of a hook.
  static std::optional<pid_t> pid_of(std::string_view item);

  // `over`: it has ended, or was killed.
  OrphanHooks(loop::Loop& loop, core::Duration timeout, std::function<void(pid_t pid)> over);
  ~OrphanHooks();

  // One that runs; `over` at once where it does not. Its time begins anew.
  void adopt(pid_t pid, UniqueFd pidfd);
  // Kills all that are left.
  void abandon();

 private:
  struct One;

  void on_end(pid_t pid);
  void kill(const One& one);

  loop::Loop& loop_;
  core::Duration timeout_;
  std::function<void(pid_t pid)> over_;
  std::map<pid_t, std::unique_ptr<One>> all_;
};

}  // namespace superd::daemon
