#include "os/runtime_guard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <linux/limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/name_hash.h"
#include "os/port_owner.h"
#include "os/process_table.h"
#include "os/read_file.h"
#include "os/unix_address.h"

namespace superd::os {
namespace {

constexpr std::size_t kMaxTable = std::size_t{64} << 20;

// As /proc/net/unix prints it, and unix_address() takes it.
Result<std::string> guard_name(int directory_fd) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size =
      ::readlink(fmt::format("/proc/self/fd/{}", directory_fd).c_str(), path.data(), path.size());
  if (size <= 0) return fail_errno("cannot see the runtime directory's path", errno);
  struct stat root {};
  struct stat pids {};
  if (::stat("/", &root) != 0) return fail_errno("cannot look at /", errno);
  if (::stat("/proc/self/ns/pid", &pids) != 0) {
    return fail_errno("cannot look at /proc/self/ns/pid", errno);
  }
  const std::string_view shown(path.data(), static_cast<std::size_t>(size));
  return "@superd-" + name_hash(fmt::format("{} {} {} {} {}", ::geteuid(), root.st_dev, root.st_ino,
                                            pids.st_ino, shown));
}

// Num RefCount Protocol Flags Type St Inode Path
std::string inode_of(std::string_view table, const std::string& name) {
  const std::string end = " " + name + "\n";
  const std::size_t found = table.find(end);
  if (found == std::string_view::npos) return "";
  const std::string_view before = table.substr(0, found);
  return std::string(before.substr(before.rfind(' ') + 1));
}

bool is_ours(pid_t pid) {
  struct stat process {};
  return ::stat(fmt::format("/proc/{}", pid).c_str(), &process) == 0 &&
         process.st_uid == ::geteuid();
}

}  // namespace

Result<UniqueFd> guard_runtime_dir(int directory_fd) {
  const Result<std::string> name = guard_name(directory_fd);
  if (!name) return tl::unexpected(name.error());
  const Result<UnixAddress> address = unix_address(*name);
  if (!address) return tl::unexpected(address.error());
  UniqueFd guard(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!guard) return fail_errno("cannot make a unix socket", errno);
  if (::bind(guard.get(), address->get(), address->size) != 0) {
    return fail_errno(fmt::format("cannot bind the unix socket {}", *name), errno);
  }
  return guard;
}

pid_t guard_of_runtime_dir(int directory_fd, const std::string& holder) {
  const Result<std::string> name = guard_name(directory_fd);
  const Result<std::string> sockets = read_file("/proc/net/unix", kMaxTable);
  if (!name || !sockets) return 0;
  const std::string inode = inode_of(*sockets, *name);
  if (inode.empty()) return 0;
  const Result<ProcessTable> table = ProcessTable::snapshot();
  if (!table) return 0;
  const std::vector<std::string> links = {fmt::format("socket:[{}]", inode)};
  for (const ProcessInfo& process : table->processes()) {
    if (process.command != holder || !is_ours(process.id.pid)) continue;
    if (holds_one_of(process.id.pid, links)) return process.id.pid;
  }
  return 0;
}

}  // namespace superd::os
