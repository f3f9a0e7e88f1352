// CgroupRoot::open: finding the place by trying it.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/shortage.h"
#include "os/cgroup.h"
#include "os/cgroup_mount.h"
#include "os/name_hash.h"
#include "os/pipe.h"
#include "os/process.h"
#include "os/spawn.h"

namespace superd::os {
namespace {

constexpr std::string_view kProbe = "probe-";
constexpr int kPatience = 2000;  // milliseconds, for a kernel under load

bool wait_readable(int fd, short events) {
  pollfd waited{.fd = fd, .events = events, .revents = 0};
  return ::poll(&waited, 1, kPatience) == 1;
}

// A child that waits in the cgroup until it is killed. It reports through the pipe that it is in.
pid_t start_probe_child(int procs_fd, int report_fd) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // Not left behind where superd is killed meanwhile.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  const char entered = ::write(procs_fd, "0", 1) == 1 ? 'y' : 'n';
  static_cast<void>(!::write(report_fd, &entered, 1));
  while (true) ::pause();
}

// cgroup.kill is what must work; the child is killed directly where it does not.
Status try_kill(const CgroupRoot& root, const std::string& name, pid_t pid) {
  const Result<UniqueFd> pidfd = open_pidfd(pid);
  Status outcome;
  if (!pidfd) {
    outcome = tl::unexpected(pidfd.error());
  } else if (const auto owner = root.owner_of(pid); !owner || *owner != name) {
    outcome = fail("a process moved into a cgroup is not found there");
  } else if (outcome = root.kill(name); outcome && !wait_readable(pidfd->get(), POLLIN)) {
    outcome = fail("a process in a cgroup could not be killed there");
  }
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
  return outcome;
}

Status try_child(const CgroupRoot& root, const std::string& name, int procs_fd) {
  const Result<Pipe> pipe = make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  const pid_t pid = start_probe_child(procs_fd, pipe->write.get());
  if (pid < 0) return fail_errno("cannot start a process", errno);
  char entered = 'n';
  const bool told =
      wait_readable(pipe->read.get(), POLLIN) && ::read(pipe->read.get(), &entered, 1) == 1;
  Status killed = try_kill(root, name, pid);
  if (!told || entered != 'y') return fail("a process may not be moved into a cgroup there");
  return killed;
}

Status remove_soon(const CgroupRoot& root, const std::string& name) {
  constexpr int kTries = 100;
  Status removed = root.remove(name);
  for (int tried = 1; !removed && removed.error().code == EBUSY && tried < kTries; ++tried) {
    // The kernel takes some milliseconds to let the dead go.
    ::poll(nullptr, 0, kPatience / kTries);
    removed = root.remove(name);
  }
  return removed;
}

bool has_spawns(const CgroupRoot& root) {
  const Result<std::vector<std::string>> names = root.list();
  return names && std::any_of(names->begin(), names->end(),
                              [](const std::string& name) { return !name.starts_with(kProbe); });
}

// Whether the process that made the probe is gone, or is this one, which has not begun.
bool is_leftover(std::string_view name) {
  if (!name.starts_with(kProbe)) return false;
  name.remove_prefix(kProbe.size());
  pid_t maker = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), maker);
  if (error != std::errc() || end != name.data() + name.size() || maker <= 0) return false;
  return maker == ::getpid() || (::kill(maker, 0) != 0 && errno == ESRCH);
}

// Those of a superd that was killed in the middle of its probe. They would keep the root for ever.
void remove_leftovers(const CgroupRoot& root) {
  const Result<std::vector<std::string>> names = root.list();
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_leftover(name)) static_cast<void>(root.remove(name));
  }
}

Status prove(const CgroupRoot& root) {
  remove_leftovers(root);
  const std::string name = fmt::format("{}{}", kProbe, ::getpid());
  const Result<UniqueFd> procs = root.create(name);
  if (!procs) return tl::unexpected(procs.error());
  const Status worked = try_child(root, name, procs->get());
  const Status removed = remove_soon(root, name);
  return worked ? removed : worked;
}

}  // namespace

Result<CgroupRoot> CgroupRoot::open(const std::string& runtime_dir) {
  const Result<std::vector<CgroupPlace>> places = cgroup_places();
  if (!places) return tl::unexpected(places.error());
  const std::string name = "superd-" + name_hash(runtime_dir);
  Error last;
  for (const CgroupPlace& place : *places) {
    const std::string path = fmt::format("{}/{}", place.path, name);
    const bool made = ::mkdir(path.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) {
      // EAGAIN, ENOSPC: as many as the hierarchy may have, which is no shortage of a moment.
      const int code = is_shortage(errno) && errno != ENOMEM ? EPERM : errno;
      last = fail_errno(fmt::format("cannot make cgroup {}", path), errno).value();
      last.code = code;
      continue;
    }
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!directory) {
      last = fail_errno(fmt::format("cannot open cgroup {}", path), errno).value();
      continue;
    }
    const std::string above = place.kernel_path == "/" ? "" : place.kernel_path;
    CgroupRoot root(path, fmt::format("{}/{}", above, name), std::move(directory));
    const Status proven = prove(root);
    // Where a superd has its processes here, it was proven before.
    const bool in_use = !made && !proven && is_shortage(proven.error().code) && has_spawns(root);
    if (proven || in_use) return root;
    last = {.code = proven.error().code,
            .message = fmt::format("cgroup {}: {}", path, proven.error().message)};
    if (made) static_cast<void>(root.remove_root());
  }
  return tl::unexpected(last);
}

}  // namespace superd::os
