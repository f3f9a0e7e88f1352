#include "os/pidfd_info.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace superd::os {
namespace {

// linux/magic.h
constexpr long kPidfsMagic = 0x50494446;
// struct pidfd_info in its first version, of 64 bytes, and what is asked of it.
struct PidfdInfo {
  std::uint64_t mask = 0;
  std::uint64_t cgroup_id = 0;
  std::uint32_t ids[11] = {};
  std::int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kInfoExit = 1U << 3;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

}  // namespace

std::optional<std::uint64_t> process_number(int pidfd) {
  struct statfs filesystem {};
  struct stat status {};
  if (::fstatfs(pidfd, &filesystem) != 0 || filesystem.f_type != kPidfsMagic) return std::nullopt;
  if (::fstat(pidfd, &status) != 0) return std::nullopt;
  return status.st_ino;
}

std::optional<Exit> exit_of_reaped(int pidfd) {
  PidfdInfo info;
  info.mask = kInfoExit;
  if (::ioctl(pidfd, kGetInfo, &info) != 0 || (info.mask & kInfoExit) == 0) return std::nullopt;
  return exit_from_wait_status(info.exit_code);
}

}  // namespace superd::os
