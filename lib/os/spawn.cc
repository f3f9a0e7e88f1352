#include "os/spawn.h"

#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/pipe.h"
#include "os/spawn_child.h"
#include "os/spawn_plan.h"

namespace superd::os {
namespace {

// Holds back all signals, also glibc's own, so that none of superd's handlers runs in the child.
class BlockedSignals {
 public:
  BlockedSignals() {
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof before_);
  }
  ~BlockedSignals() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  std::uint64_t before_ = 0;
};

struct Cloned {
  pid_t pid = -1;  // 0: in the child; -1: failed, errno says why
  int pidfd = -1;
};

Cloned clone_with_pidfd() {
  Cloned cloned;
  clone_args args{};
  args.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&cloned.pidfd);
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  cloned.pid = static_cast<pid_t>(pid);
  return cloned;
}

// For kernels and seccomp filters without clone3. Nobody else reaps, so the PID is still the
// child's when its pidfd is opened.
Cloned fork_with_pidfd() {
  Cloned cloned;
  cloned.pid = ::fork();
  if (cloned.pid <= 0) return cloned;
  cloned.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, cloned.pid, 0));
  if (cloned.pidfd >= 0) return cloned;
  const int code = errno;
  ::kill(cloned.pid, SIGKILL);
  ::waitpid(cloned.pid, nullptr, 0);
  errno = code;
  return {};
}

bool clone3_is_missing(int code) { return code == ENOSYS || code == EPERM || code == EINVAL; }

}  // namespace

Result<Spawned> spawn(const SpawnRequest& request) {
  Result<SpawnPlan> plan = make_spawn_plan(request);
  if (!plan) return tl::unexpected(plan.error());
  Result<Pipe> status = make_pipe();
  if (!status) return tl::unexpected(status.error());
  plan->status_fd = status->write.get();
  Cloned cloned;
  {
    const BlockedSignals blocked;
    cloned = clone_with_pidfd();
    if (cloned.pid < 0 && clone3_is_missing(errno)) cloned = fork_with_pidfd();
    if (cloned.pid == 0) run_spawned_child(*plan);
  }
  if (cloned.pid < 0) return fail_errno("cannot start a process", errno);
  return Spawned{
      .pid = cloned.pid, .pidfd = UniqueFd(cloned.pidfd), .exec_status = std::move(status->read)};
}

}  // namespace superd::os
