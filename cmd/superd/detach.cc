#include "detach.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace superd::front {
namespace {

namespace fs = std::filesystem;

Result<UniqueFd> open_log(const std::string& dir, const std::string& file) {
  std::error_code failed;
  const bool made = fs::create_directories(dir, failed);
  if (failed) return fail_errno(fmt::format("cannot make log directory {}", dir), failed.value());
  if (made) {
    fs::permissions(dir, static_cast<fs::perms>(0750), failed);
    if (failed) return fail_errno(fmt::format("cannot set the mode of {}", dir), failed.value());
  }
  UniqueFd log(::open(file.c_str(),
                      O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640));
  if (!log) return fail_errno(fmt::format("cannot open log file {}", file), errno);
  return log;
}

}  // namespace

Result<Detached> detach(const std::string& log_dir) {
  Detached detached;
  detached.log_file = fs::path(log_dir) / "superd.log";
  const Result<UniqueFd> log = open_log(log_dir, detached.log_file);
  if (!log) return tl::unexpected(log.error());
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2] = {-1, -1};
  if (!null || ::pipe2(ends, O_CLOEXEC) != 0) {
    return fail_errno("cannot go into the background", errno);
  }
  UniqueFd read(ends[0]);
  UniqueFd write(ends[1]);
  detached.background = ::fork();
  if (detached.background < 0) return fail_errno("cannot go into the background", errno);
  if (detached.background > 0) {
    detached.ready = std::move(read);
    return detached;
  }
  detached.side = Side::background;
  detached.ready = std::move(write);
  ::setsid();
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(log->get(), STDOUT_FILENO);
  ::dup2(log->get(), STDERR_FILENO);
  // Whatever directory superd was started in can be unmounted or removed.
  if (::chdir("/") != 0) return fail_errno("cannot change to /", errno);
  return detached;
}

int wait_for_start(const Detached& detached) {
  char code = 0;
  ssize_t size = 0;
  do {
    size = ::read(detached.ready.get(), &code, 1);
  } while (size < 0 && errno == EINTR);
  if (size != 1) {
    fmt::print(stderr, "superd: ended before its groups were up; see {}\n", detached.log_file);
    return 1;
  }
  if (code == 0) {
    fmt::print(stderr, "superd: runs in the background as process {}\n", detached.background);
    return 0;
  }
  fmt::print(stderr,
             "superd: runs in the background as process {}, but not every group did start; see "
             "`superctl status` and {}\n",
             detached.background, detached.log_file);
  return 1;
}

}  // namespace superd::front
