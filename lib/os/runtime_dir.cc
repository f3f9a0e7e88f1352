#include "os/runtime_dir.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace superd::os {
namespace {

mode_t own_mode() { return ::geteuid() == 0 ? 0755 : 0700; }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The umask takes nothing away. EEXIST is success.
Status make_one(const std::string& path) {
  if (::mkdir(path.c_str(), own_mode()) == 0 && ::chmod(path.c_str(), own_mode()) == 0) return {};
  if (errno == EEXIST) return {};
  return fail_errno(fmt::format("cannot make the directory {}", path), errno);
}

// As mkdir -p.
Status make_directory(const std::string& path) {
  Status made = make_one(path);
  const bool without_parent = !made && made.error().code == ENOENT && path.size() > 1;
  if (!without_parent) return made;
  if (Status above = make_directory(parent_of(path)); !above) return above;
  return make_one(path);
}

enum class Parent { guarded, shared };

// Who may write to the parent may exchange what is in it, unless it is sticky. A group that the
// owner of the parent lets in is his choice: private groups and umask 002 are common.
Result<Parent> check_parent(const std::string& path) {
  const std::string above = parent_of(path);
  struct stat found {};
  if (::stat(above.c_str(), &found) != 0)
    return fail_errno(fmt::format("cannot look at {}", above), errno);
  const bool foreign = found.st_uid != 0 && found.st_uid != ::geteuid();
  const bool shared = (found.st_mode & S_IWOTH) != 0;
  const bool sticky = (found.st_mode & S_ISVTX) != 0;
  if (foreign || (shared && !sticky)) {
    return fail(fmt::format("{} lies in {}, where others could exchange it: choose another "
                            "runtime_dir, or take their right to write there away",
                            path, above),
                EPERM);
  }
  return shared ? Parent::shared : Parent::guarded;
}

Status check_directory(int fd, const std::string& path, Parent parent) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return fail_errno(fmt::format("cannot look at {}", path), errno);
  const uid_t self = ::geteuid();
  if (found.st_uid != self) {
    return fail(fmt::format("{} belongs to uid {}, not to superd's uid {}: remove it or choose "
                            "another runtime_dir",
                            path, found.st_uid, self),
                EPERM);
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(fmt::format("{} may be written by others: chmod go-w {}", path, path), EPERM);
  }
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if (parent == Parent::shared && self != 0 && (found.st_mode & kOthers) != 0) {
    return fail(fmt::format("{} is open to others: chmod 0700 {}", path, path), EPERM);
  }
  return {};
}

}  // namespace

Result<UniqueFd> open_runtime_dir(const std::string& path) {
  if (path.empty()) return fail("the runtime directory has no name", EINVAL);
  std::string plain = path;
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  if (Status made = make_directory(plain); !made) return tl::unexpected(made.error());
  const Result<Parent> parent = check_parent(plain);
  if (!parent) return tl::unexpected(parent.error());
  UniqueFd fd(::open(plain.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ELOOP || errno == ENOTDIR)) {
    return fail(fmt::format("{} is not a directory (a symbolic link is not followed): remove it or "
                            "choose another runtime_dir",
                            plain),
                ENOTDIR);
  }
  if (!fd) return fail_errno(fmt::format("cannot open {}", plain), errno);
  if (Status good = check_directory(fd.get(), plain, *parent); !good) {
    return tl::unexpected(good.error());
  }
  return fd;
}

Status lock_runtime_dir(int directory_fd, const std::string& path) {
  int done = 0;
  do {
    done = ::flock(directory_fd, LOCK_EX | LOCK_NB);
  } while (done != 0 && errno == EINTR);
  if (done == 0) return {};
  if (errno == EWOULDBLOCK) {
    return fail(fmt::format("another superd runs with the runtime directory {}: stop it (superctl "
                            "shutdown) or choose another runtime_dir",
                            path),
                EWOULDBLOCK);
  }
  return fail_errno(fmt::format("cannot lock {}", path), errno);
}

}  // namespace superd::os
