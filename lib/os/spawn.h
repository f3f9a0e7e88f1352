#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Starting one process without ever waiting for it: the child reports through a pipe whether it
// came as far as its program.
namespace superd::os {

// Who the child becomes. Everything is looked up before (os/credentials.h); the child only sets it
// and reads it back.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all supplementary groups; replaces what superd has
  std::string name;           // for messages: `www-data`
};

struct ResourceLimit {
  int resource = 0;  // RLIMIT_NOFILE …
  rlim_t soft = 0;
  rlim_t hard = 0;
};

// All descriptors are borrowed; they stay open in the caller.
struct SpawnRequest {
  // argv[0] with a '/' is taken relative to `directory`; without one it is looked for along PATH of
  // `env` (not superd's own). No shell is involved.
  std::vector<std::string> argv;
  // NAME=VALUE, the whole environment. The entry `LISTEN_PID=` gets the child's PID appended.
  std::vector<std::string> env;
  std::string directory;     // entered after the privilege drop; empty: superd's own
  std::vector<int> sockets;  // become 3, 4, …; may lie anywhere, also among 0 … n
  // -1: /dev/null. The same descriptor may be given twice.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // Nothing: the child stays who superd is (the only choice without the right to change).
  std::optional<Identity> identity;
  std::optional<mode_t> umask;
  std::vector<ResourceLimit> rlimits;
  // superd runs with a raised RLIMIT_NOFILE; the child gets this soft limit back, unless `rlimits`
  // names RLIMIT_NOFILE.
  std::optional<rlim_t> nofile_soft;
  std::optional<int> nice;
  // Nothing: superd's own, but 0 where that is below: it protects superd, not what it starts.
  std::optional<int> oom_score_adj;
  std::vector<int> cpus;  // empty: as superd
  bool no_new_privileges = false;
  int cgroup_procs_fd = -1;  // cgroup.procs of the child's cgroup, open for writing; -1: none
};

struct Spawned {
  pid_t pid = -1;
  UniqueFd pidfd;        // close-on-exec; readable once the process has ended
  UniqueFd exec_status;  // close-on-exec, non-blocking; see read_exec_status
};

// Starts the process and returns at once; a step that fails in the child (a missing directory, a
// program that cannot be executed) is told by exec_status. Fails only where no child could be made
// (EAGAIN: process limit, EMFILE) or the request is malformed (EINVAL: empty argv); then nothing
// is left behind. The child has its own session, default signal dispositions and an empty mask, the
// descriptors 0, 1, 2, the sockets, and no other.
Result<Spawned> spawn(const SpawnRequest& request);

// The steps of the child, in their order.
enum class Stage : std::uint8_t {
  setsid,
  descriptors,
  cgroup,
  rlimit,  // detail: the resource
  nice,
  oom_score_adj,
  cpus,
  umask,
  setgroups,
  setgid,
  setuid,
  verify_identity,  // read back and found different
  no_new_privileges,
  chdir,
  signals,
  exec,
};
const char* name(Stage stage);

struct ExecFailure {
  Stage stage = Stage::exec;
  int code = 0;  // errno
  int detail = 0;
};

struct ExecReport {
  std::optional<ExecFailure> failure;  // nothing: the program was started
};

// Nothing: not decided yet, poll for reading. A child that was killed before its exec counts as
// started: its exit status tells the rest.
Result<std::optional<ExecReport>> read_exec_status(int fd);

// One line for the user: `chdir /srv/x: No such file or directory`, `setuid www-data: Operation not
// permitted`, `exec gunicorn: No such file or directory`.
std::string describe(const ExecFailure& failure, const SpawnRequest& request);

}  // namespace superd::os
