#include "descriptors.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace superd::front {

void close_on_exec_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // A kernel before 5.11, or a filter that does not know the call.
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    if (fd >= first) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

Result<UniqueFd> open_own_program() {
  UniqueFd program(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  if (!program) return fail_errno("cannot open superd's own program by /proc/self/exe", errno);
  return program;
}

std::string own_program_path() {
  std::error_code ignored;
  const std::filesystem::path self = "/proc/self/exe";
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands over an address as a number.
  const auto* executed = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (executed != nullptr) {
    const auto path = std::filesystem::absolute(executed, ignored).lexically_normal();
    if (std::filesystem::equivalent(path, self, ignored)) return path;
  }
  return std::filesystem::read_symlink(self, ignored);
}

}  // namespace superd::front
