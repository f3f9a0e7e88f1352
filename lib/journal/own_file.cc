#include "journal/own_file.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace superd::journal {

Status write_all(int fd, std::string_view bytes, std::string_view what, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno(fmt::format("{} {}", what, path), errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<UniqueFd> replace_file(const std::string& path, std::string_view content,
                              std::string_view what) {
  const std::string beside = path + ".new";
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) {
    return fail_errno(fmt::format("{} {}", what, beside), errno);
  }
  UniqueFd file(::open(beside.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(fmt::format("{} {}", what, beside), errno);
  Status wrote = write_all(file.get(), content, what, beside);
  if (wrote && ::rename(beside.c_str(), path.c_str()) != 0) {
    wrote = fail_errno(fmt::format("{} {}", what, path), errno);
  }
  if (!wrote) {
    ::unlink(beside.c_str());
    return tl::unexpected(wrote.error());
  }
  return file;
}

bool leads_to(const std::string& path, int fd) {
  struct stat open {};
  struct stat there {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         there.st_dev == open.st_dev && there.st_ino == open.st_ino;
}

Result<std::string> read_own_file(const std::string& path, std::size_t most,
                                  std::string_view what) {
  const std::string name = fmt::format("{} {}", what, path);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return std::string();
    return fail_errno(name, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno(name, errno);
  const bool is_ours = S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                       (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  if (!is_ours) {
    return fail(fmt::format("{}: not a file of this user that nobody else may touch", name), EPERM);
  }
  if (static_cast<std::size_t>(status.st_size) > most) {
    return fail(fmt::format("{}: {} bytes are more than any has", name, status.st_size), EFBIG);
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(name, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace superd::journal
