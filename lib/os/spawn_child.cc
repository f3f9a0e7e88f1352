#include "os/spawn_child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc's wrappers of the setuid family talk to all threads that the parent had; in a child made by
// a raw clone these do not exist. So everything here goes to the kernel directly.
namespace superd::os {
namespace {

struct StepResult {
  int code = 0;  // errno; 0: done
  int detail = 0;
};
constexpr StepResult kDone{};

StepResult failed(int detail = 0) { return {.code = errno, .detail = detail}; }

StepResult enter_session(SpawnPlan&) { return ::syscall(SYS_setsid) < 0 ? failed() : kDone; }

// Where the descriptors lie that are not targets; -1 on failure.
int move_above(int fd, std::size_t targets) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= targets) return fd;
  return static_cast<int>(::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, static_cast<long>(targets)));
}

struct DirectoryEntry {  // linux_dirent64
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

int number_of(const char* name) {
  int number = 0;
  for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
  return *name == '\0' ? number : -1;
}

// For kernels before 5.11, which have no CLOSE_RANGE_CLOEXEC.
StepResult close_on_exec_by_list(int first) {
  const long directory =
      ::syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failed();
  alignas(DirectoryEntry) std::array<char, 4096> buffer;
  while (true) {
    const long got = ::syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
    if (got < 0) return failed();
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer.data() + at);
      const int fd = number_of(buffer.data() + at + offsetof(DirectoryEntry, name));
      if (fd >= first) ::syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
      at += entry->length;
    }
  }
  ::syscall(SYS_close, directory);
  return kDone;
}

StepResult close_on_exec_from(std::size_t first) {
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return kDone;
  return close_on_exec_by_list(static_cast<int>(first));
}

// Sources may be targets of others, so first everything moves out of the way.
StepResult arrange_descriptors(SpawnPlan& plan) {
  const std::size_t targets = plan.sources.size();
  plan.status_fd = move_above(plan.status_fd, targets);
  const bool with_cgroup = plan.cgroup_procs_fd >= 0;
  plan.cgroup_procs_fd = move_above(plan.cgroup_procs_fd, targets);
  if (plan.status_fd < 0 || (with_cgroup && plan.cgroup_procs_fd < 0)) return failed();
  int null_fd = -1;
  for (int& source : plan.sources) {
    if (source < 0) {
      if (null_fd < 0) {
        const long opened = ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
        null_fd = move_above(static_cast<int>(opened), targets);
      }
      source = null_fd;
    } else {
      source = move_above(source, targets);
    }
    if (source < 0) return failed();
  }
  for (std::size_t target = 0; target < targets; ++target) {
    if (::syscall(SYS_dup3, plan.sources[target], target, 0) < 0) {
      return failed(static_cast<int>(target));
    }
  }
  return close_on_exec_from(targets);
}

StepResult join_cgroup(SpawnPlan& plan) {
  if (plan.cgroup_procs_fd < 0) return kDone;
  return ::syscall(SYS_write, plan.cgroup_procs_fd, "0", 1) < 0 ? failed() : kDone;
}

StepResult set_rlimits(SpawnPlan& plan) {
  struct {
    std::uint64_t soft, hard;
  } value{};
  for (const ResourceLimit& limit : plan.rlimits) {
    value = {limit.soft, limit.hard};
    if (::syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr) < 0) {
      return failed(limit.resource);
    }
  }
  return kDone;
}

StepResult set_nice(SpawnPlan& plan) {
  if (!plan.request->nice) return kDone;
  return ::syscall(SYS_setpriority, PRIO_PROCESS, 0, *plan.request->nice) < 0 ? failed() : kDone;
}

StepResult set_oom_score_adj(SpawnPlan& plan) {
  const std::string& text = plan.oom_score_adj;
  if (text.empty()) return kDone;
  const long fd = ::syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::syscall(SYS_write, fd, text.data(), text.size()) < 0) return failed();
  return kDone;
}

StepResult set_cpus(SpawnPlan& plan) {
  if (plan.cpu_mask.empty()) return kDone;
  const std::size_t size = plan.cpu_mask.size() * sizeof(unsigned long);
  return ::syscall(SYS_sched_setaffinity, 0, size, plan.cpu_mask.data()) < 0 ? failed() : kDone;
}

StepResult set_umask(SpawnPlan& plan) {
  if (plan.request->umask) ::syscall(SYS_umask, *plan.request->umask);
  return kDone;
}

StepResult set_groups(SpawnPlan& plan) {
  if (!plan.request->identity) return kDone;
  return ::syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) < 0 ? failed() : kDone;
}

StepResult set_gid(SpawnPlan& plan) {
  if (!plan.request->identity) return kDone;
  const gid_t gid = plan.request->identity->gid;
  return ::syscall(SYS_setresgid, gid, gid, gid) < 0 ? failed() : kDone;
}

StepResult set_uid(SpawnPlan& plan) {
  if (!plan.request->identity) return kDone;
  const uid_t uid = plan.request->identity->uid;
  if (::syscall(SYS_setresuid, uid, uid, uid) < 0) return failed();
  // Ambient capabilities are superd's, and would stay where it was no root that changed.
  ::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return kDone;
}

StepResult verify_identity(SpawnPlan& plan) {
  if (!plan.request->identity) return kDone;
  const Identity& want = *plan.request->identity;
  uid_t uid[3];
  gid_t gid[3];
  if (::syscall(SYS_getresuid, &uid[0], &uid[1], &uid[2]) < 0) return failed();
  if (::syscall(SYS_getresgid, &gid[0], &gid[1], &gid[2]) < 0) return failed();
  const long count =
      ::syscall(SYS_getgroups, plan.groups_read_back.size(), plan.groups_read_back.data());
  if (count < 0) return failed();
  const bool same =
      std::all_of(uid, uid + 3, [&](uid_t u) { return u == want.uid; }) &&
      std::all_of(gid, gid + 3, [&](gid_t g) { return g == want.gid; }) &&
      static_cast<std::size_t>(count) == plan.groups.size() &&
      std::equal(plan.groups.begin(), plan.groups.end(), plan.groups_read_back.begin());
  return same ? kDone : StepResult{.code = EPERM};
}

StepResult forbid_new_privileges(SpawnPlan& plan) {
  if (!plan.request->no_new_privileges) return kDone;
  return ::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? failed() : kDone;
}

StepResult enter_directory(SpawnPlan& plan) {
  if (plan.request->directory.empty()) return kDone;
  return ::syscall(SYS_chdir, plan.request->directory.c_str()) < 0 ? failed() : kDone;
}

// exec keeps ignored signals ignored and the mask as it is. Handlers go before the mask: none of
// superd's may run in the child.
StepResult reset_signals(SpawnPlan&) {
  // All zero is SIG_DFL, whatever members the machine's struct sigaction has.
  const std::array<unsigned long, 4> by_default{};
  constexpr int kLastSignal = 64;
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, by_default.data(), nullptr, 8);
  }
  const std::uint64_t none = 0;
  return ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8) < 0 ? failed() : kDone;
}

void write_listen_pid(SpawnPlan& plan) {
  std::array<char, 20> digits;
  std::size_t count = 0;
  for (long pid = ::syscall(SYS_getpid); pid > 0; pid /= 10) {
    digits[count++] = static_cast<char>('0' + pid % 10);
  }
  char* end = plan.listen_pid.data() + std::strlen(plan.listen_pid.data());
  while (count > 0) *end++ = digits[--count];
}

bool is_elsewhere_perhaps(int code) {
  return code == ENOENT || code == ENOTDIR || code == ESTALE || code == ENODEV || code == ETIMEDOUT;
}

StepResult execute(SpawnPlan& plan) {
  write_listen_pid(plan);
  StepResult result{.code = ENOENT};
  for (const std::string& program : plan.programs) {
    ::syscall(SYS_execve, program.c_str(), plan.argv.data(), plan.envp.data());
    if (errno == EACCES) {
      // A directory that may not be searched, or a file that is none to execute: a later one may
      // be, and if not this is the better reason.
      result = failed();
    } else if (!is_elsewhere_perhaps(errno)) {
      return failed();
    }
  }
  return result;
}

struct Step {
  Stage stage;
  StepResult (*run)(SpawnPlan&);
};
constexpr std::array kSteps = {
    Step{Stage::setsid, enter_session},
    Step{Stage::descriptors, arrange_descriptors},
    Step{Stage::cgroup, join_cgroup},
    Step{Stage::rlimit, set_rlimits},
    Step{Stage::nice, set_nice},
    Step{Stage::oom_score_adj, set_oom_score_adj},
    Step{Stage::cpus, set_cpus},
    Step{Stage::umask, set_umask},
    Step{Stage::setgroups, set_groups},
    Step{Stage::setgid, set_gid},
    Step{Stage::setuid, set_uid},
    Step{Stage::verify_identity, verify_identity},
    Step{Stage::no_new_privileges, forbid_new_privileges},
    Step{Stage::chdir, enter_directory},
    Step{Stage::signals, reset_signals},
    Step{Stage::exec, execute},
};

}  // namespace

void run_spawned_child(SpawnPlan& plan) {
  for (const Step& step : kSteps) {
    const StepResult result = step.run(plan);
    if (result.code == 0) continue;
    const ExecStatusRecord record{.stage = static_cast<std::int32_t>(step.stage),
                                  .code = result.code,
                                  .detail = result.detail};
    ::syscall(SYS_write, plan.status_fd, &record, sizeof record);
    break;
  }
  while (true) ::syscall(SYS_exit_group, 127);
}

}  // namespace superd::os
