#include "os/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cgroup_mount.h"
#include "os/directory.h"
#include "os/process.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

Status check_name(const std::string& name) {
  const bool good = !name.empty() && name.front() != '.' && name.size() <= NAME_MAX &&
                    name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
  if (!good) return fail(fmt::format("`{}` cannot name a cgroup", name), EINVAL);
  return {};
}

// A cgroup may vanish at any time: ENOENT at open, ENODEV at read or write.
bool is_gone(const Error& error) { return error.code == ENOENT || error.code == ENODEV; }

// The names of the cgroups directly below; none where it is gone.
Result<std::vector<std::string>> children_of(int root, const std::string& name) {
  UniqueFd fd(::openat(root, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::vector<std::string>{};
  if (!fd) return fail_errno(fmt::format("cannot open cgroup {}", name), errno);
  const Directory directory(::fdopendir(fd.get()));
  if (!directory) return fail_errno(fmt::format("cannot list cgroup {}", name), errno);
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The cgroup and all below it, each before those below it.
Result<std::vector<std::string>> tree_of(int root, const std::string& name) {
  std::vector<std::string> tree = {name};
  for (std::size_t next = 0; next < tree.size(); ++next) {
    const std::string above = tree[next];
    const Result<std::vector<std::string>> below = children_of(root, above);
    if (!below) return tl::unexpected(below.error());
    for (const std::string& child : *below) tree.push_back(fmt::format("{}/{}", above, child));
  }
  return tree;
}

void append_pids(std::string_view text, std::vector<pid_t>& pids) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    // 0 stands for a process of another PID namespace.
    if (pid > 0) pids.push_back(pid);
  }
}

bool says_populated(std::string_view events) {
  return events.find("populated 1") != std::string_view::npos;
}

}  // namespace

CgroupRoot::CgroupRoot(std::string path, std::string kernel_path, UniqueFd directory)
    : path_(std::move(path)),
      kernel_path_(std::move(kernel_path)),
      directory_(std::move(directory)) {}

Result<UniqueFd> CgroupRoot::create(const std::string& name) const {
  if (Status good = check_name(name); !good) return tl::unexpected(good.error());
  if (::mkdirat(directory_.get(), name.c_str(), 0755) != 0) {
    return fail_errno(fmt::format("cannot make cgroup {}/{}", path_, name), errno);
  }
  const std::string procs = name + "/cgroup.procs";
  UniqueFd fd(::openat(directory_.get(), procs.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd) return fd;
  const int code = errno;
  ::unlinkat(directory_.get(), name.c_str(), AT_REMOVEDIR);
  return fail_errno(fmt::format("cannot open {}/{}", path_, procs), code);
}

Result<std::vector<pid_t>> CgroupRoot::pids(const std::string& name) const {
  if (Status good = check_name(name); !good) return tl::unexpected(good.error());
  const Result<std::vector<std::string>> tree = tree_of(directory_.get(), name);
  if (!tree) return tl::unexpected(tree.error());
  std::vector<pid_t> pids;
  for (const std::string& cgroup : *tree) {
    constexpr std::size_t kMost = 16U << 20;
    const Result<std::string> text = read_file(cgroup + "/cgroup.procs", kMost, directory_.get());
    if (text) append_pids(*text, pids);
    // EOPNOTSUPP: a threaded cgroup, whose processes are listed above it.
    const bool skipped = !text && (is_gone(text.error()) || text.error().code == EOPNOTSUPP);
    if (!text && !skipped) return tl::unexpected(text.error());
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<bool> CgroupRoot::populated(const std::string& name) const {
  if (Status good = check_name(name); !good) return tl::unexpected(good.error());
  const Result<std::string> text = read_file(name + "/cgroup.events", 4096, directory_.get());
  if (!text && is_gone(text.error())) return false;
  if (!text) return tl::unexpected(text.error());
  return says_populated(*text);
}

Result<UniqueFd> CgroupRoot::open_events(const std::string& name) const {
  if (Status good = check_name(name); !good) return tl::unexpected(good.error());
  const std::string file = name + "/cgroup.events";
  UniqueFd fd(::openat(directory_.get(), file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(fmt::format("cannot open {}/{}", path_, file), errno);
  return fd;
}

Result<bool> CgroupRoot::read_events(int events_fd) {
  char buffer[256];
  const ssize_t got = ::pread(events_fd, buffer, sizeof buffer, 0);
  if (got < 0 && errno == ENODEV) return false;
  if (got < 0) return fail_errno("cannot read cgroup.events", errno);
  return says_populated({buffer, static_cast<std::size_t>(got)});
}

Status CgroupRoot::kill(const std::string& name) const {
  if (Status good = check_name(name); !good) return good;
  const Status killed = write_file(name + "/cgroup.kill", "1", directory_.get());
  if (killed) return {};
  // Kernels before 5.14 have no cgroup.kill, and it was seen to fail with EINVAL: one by one, and
  // again for what was born meanwhile. An ending process stays listed for a moment.
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    const Result<std::vector<pid_t>> members = pids(name);
    if (!members) return tl::unexpected(members.error());
    bool any = false;
    for (const pid_t pid : *members) {
      const Result<UniqueFd> pidfd = open_pidfd(pid);
      if (!pidfd || has_ended(pidfd->get())) continue;
      const Result<std::optional<std::string>> owner = owner_of(pid);
      if (!owner || *owner != name) continue;
      any = signal_pidfd(pidfd->get(), SIGKILL).has_value() || any;
    }
    if (!any) break;
  }
  return {};
}

Status CgroupRoot::remove(const std::string& name) const {
  if (Status good = check_name(name); !good) return good;
  const Result<std::vector<std::string>> tree = tree_of(directory_.get(), name);
  if (!tree) return tl::unexpected(tree.error());
  for (auto at = tree->rbegin(); at != tree->rend(); ++at) {
    if (::unlinkat(directory_.get(), at->c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      return fail_errno(fmt::format("cannot remove cgroup {}/{}", path_, *at), errno);
    }
  }
  return {};
}

Result<std::vector<std::string>> CgroupRoot::list() const {
  return children_of(directory_.get(), ".");
}

Result<std::optional<std::string>> CgroupRoot::owner_of(pid_t pid) const {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/cgroup", pid));
  if (!text && (text.error().code == ENOENT || text.error().code == ESRCH)) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  const std::optional<std::string> path = cgroup2_of(*text);
  const std::string prefix = kernel_path_ + "/";
  if (!path || !path->starts_with(prefix)) return std::nullopt;
  const std::string below = path->substr(prefix.size());
  return below.substr(0, below.find('/'));
}

Status CgroupRoot::remove_root() const {
  if (::rmdir(path_.c_str()) != 0 && errno != ENOENT) {
    return fail_errno(fmt::format("cannot remove cgroup {}", path_), errno);
  }
  return {};
}

}  // namespace superd::os
