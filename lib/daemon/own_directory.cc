#include "daemon/own_directory.h"

#include <cerrno>
#include <filesystem>

#include <sys/stat.h>

#include "base/log.h"
#include "os/runtime_dir.h"

namespace superd::daemon {

Status make_own_directory(const std::string& dir) {
  int made = ::mkdir(dir.c_str(), 0700);
  if (made != 0 && errno == ENOENT) {
    const std::string above = std::filesystem::path(dir).parent_path();
    if (const auto opened = os::open_runtime_dir(above); !opened) {
      return tl::unexpected(opened.error());
    }
    log::warn("the directory {} was gone: made again", above);
    made = ::mkdir(dir.c_str(), 0700);
  }
  if (made != 0) return errno == EEXIST ? Status() : Status(fail_errno("mkdir " + dir, errno));
  if (::chmod(dir.c_str(), 0711) != 0) return fail_errno("chmod " + dir, errno);
  return {};
}

}  // namespace superd::daemon
