#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Tracking level 1: a cgroup (v2) for each spawn, under one directory of this superd.
namespace superd::os {

// One directory `superd-HASH` (HASH: of the runtime directory), and in it one cgroup a spawn, named
// by the caller. Every operation takes that name: not empty, no '/', not starting with '.' (else
// EINVAL). A name is never used twice, as a cgroup that was killed once may kill what is born in
// it.
class CgroupRoot {
 public:
  // Finds a place where processes can be moved, listed and killed, and proves it with a child of
  // its own: root in a delegated cgroup or else at the top of the hierarchy, never in a login
  // session's scope; others in their own cgroup where it is delegated to them. What an earlier
  // superd of the same runtime directory left behind is kept (list()). An error says why there is
  // no such place; nothing is left behind then.
  static Result<CgroupRoot> open(const std::string& runtime_dir);

  [[nodiscard]] const std::string& path() const { return path_; }  // of the directory, for messages

  // Makes the cgroup; returns its cgroup.procs open for writing, for SpawnRequest::cgroup_procs_fd.
  // EEXIST: the name was used before.
  [[nodiscard]] Result<UniqueFd> create(const std::string& name) const;

  // All processes in it and in cgroups made below it, ascending; a cgroup that is gone has none.
  [[nodiscard]] Result<std::vector<pid_t>> pids(const std::string& name) const;
  // Whether a living process is in it or below it (zombies do not count); gone: false.
  [[nodiscard]] Result<bool> populated(const std::string& name) const;
  // cgroup.events: poll it for POLLPRI; each change of `populated` wakes once, then read_events
  // (or populated()) arms it again.
  [[nodiscard]] Result<UniqueFd> open_events(const std::string& name) const;
  // Reads such a descriptor again from its start: whether the cgroup is populated.
  static Result<bool> read_events(int events_fd);

  // SIGKILL to every process in it and below it, also to those born meanwhile. They are gone
  // shortly after the return, not at it.
  [[nodiscard]] Status kill(const std::string& name) const;
  // Removes it and the cgroups below it; a cgroup that is gone is success. EBUSY: processes are
  // still in it or just left, try again later.
  [[nodiscard]] Status remove(const std::string& name) const;

  // The names of all cgroups that exist under this root, also of an earlier superd's.
  [[nodiscard]] Result<std::vector<std::string>> list() const;
  // The name of the cgroup the process is in (or in a cgroup below it); nothing: in none of them.
  [[nodiscard]] Result<std::optional<std::string>> owner_of(pid_t pid) const;

  // At the end of superd, when no cgroup is left in it (else EBUSY).
  [[nodiscard]] Status remove_root() const;

 private:
  CgroupRoot(std::string path, std::string kernel_path, UniqueFd directory);

  std::string path_;         // in the file system
  std::string kernel_path_;  // as /proc/PID/cgroup shows it
  UniqueFd directory_;
};

}  // namespace superd::os
