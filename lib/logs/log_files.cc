#include "logs/log_files.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace superd::logs {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

// Makes the folder that `path` lies in, and those above it.
void make_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return;
  const std::string folder = path.substr(0, slash);
  if (mkdir(folder.c_str(), kFolderMode) == 0 || errno != ENOENT) return;
  make_folder_of(folder);
  mkdir(folder.c_str(), kFolderMode);
}

// O_NONBLOCK: a FIFO in place of the file must not hold up the logger.
Result<UniqueFd> open_regular(const std::string& path, int flags) {
  UniqueFd fd(
      open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kFileMode));
  if (!fd && errno == ELOOP)
    return fail(fmt::format("{} is a symlink, which is refused", path), ELOOP);
  if (!fd) return fail_errno(fmt::format("cannot open log file {}", path), errno);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0)
    return fail_errno(fmt::format("cannot look at log file {}", path), errno);
  if (!S_ISREG(info.st_mode)) return fail(fmt::format("{} is not a regular file", path), EINVAL);
  return fd;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool is_taken(const std::string& path, int number) {
  return exists(rotated_path(path, number)) || exists(compressed_path(path, number));
}

// False: there was none.
bool remove_number(const std::string& path, int number) {
  const bool plain = unlink(rotated_path(path, number).c_str()) == 0;
  const bool compressed = unlink(compressed_path(path, number).c_str()) == 0;
  return plain || compressed;
}

bool move_on(const std::string& path, int number) {
  // What has the number may be of the other kind, which a rename would leave.
  remove_number(path, number + 1);
  const bool compressed = number > 0 && exists(compressed_path(path, number));
  if (compressed &&
      rename(compressed_path(path, number).c_str(), compressed_path(path, number + 1).c_str()) != 0)
    return false;
  if (compressed && !exists(rotated_path(path, number))) return true;
  return rename(rotated_path(path, number).c_str(), rotated_path(path, number + 1).c_str()) == 0;
}

}  // namespace

std::string rotated_path(const std::string& path, int number) {
  return number == 0 ? path : fmt::format("{}.{}", path, number);
}

std::string compressed_path(const std::string& path, int number) {
  return rotated_path(path, number) + ".gz";
}

int newest_uncompressed(const std::string& path) {
  int number = 1;
  while (!exists(rotated_path(path, number))) {
    if (!exists(compressed_path(path, number))) return 0;
    ++number;
  }
  return number;
}

Result<UniqueFd> open_for_append(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT;
  Result<UniqueFd> fd = open_regular(path, kFlags);
  if (fd || fd.error().code != ENOENT) return fd;
  make_folder_of(path);
  return open_regular(path, kFlags);
}

Result<UniqueFd> open_for_reading(const std::string& path) { return open_regular(path, O_RDONLY); }

Status rotate_files(const std::string& path, int keep) {
  // Left over from a time when more were kept.
  for (int extra = keep + 1; remove_number(path, extra);) ++extra;
  if (keep <= 0) {
    if (unlink(path.c_str()) == 0) return {};
    return fail_errno(fmt::format("cannot remove {}", path), errno);
  }
  // Up to the first number that is free, files move on by one; without a free one the last is
  // replaced.
  int free = 1;
  while (free < keep && is_taken(path, free)) ++free;
  for (int to = free; to > 0; --to) {
    if (!move_on(path, to - 1)) return fail_errno(fmt::format("cannot rotate {}", path), errno);
  }
  return {};
}

}  // namespace superd::logs
