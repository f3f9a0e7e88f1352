#include "keeper/pid_file.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace superd::keeper {
namespace {

constexpr const char* kName = "superd.pid";
constexpr const char* kNewName = "superd.pid.new";

}  // namespace

Status write_pid_file(int runtime_dir_fd, pid_t pid) {
  ::unlinkat(runtime_dir_fd, kNewName, 0);
  const UniqueFd file(::openat(runtime_dir_fd, kNewName,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return fail_errno("write superd.pid", errno);
  const std::string text = std::to_string(pid) + "\n";
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno("write superd.pid", errno);
  }
  // Readable for others whatever the umask is: it tells them whom to ask about.
  ::fchmod(file.get(), 0644);
  if (::renameat(runtime_dir_fd, kNewName, runtime_dir_fd, kName) != 0) {
    return fail_errno("write superd.pid", errno);
  }
  return {};
}

void remove_pid_file(int runtime_dir_fd) { ::unlinkat(runtime_dir_fd, kName, 0); }

pid_t read_pid_file(int runtime_dir_fd) {
  const UniqueFd file(
      ::openat(runtime_dir_fd, kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return 0;
  std::array<char, 32> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, pid).ec != std::errc()) {
    return 0;
  }
  return pid;
}

}  // namespace superd::keeper
