#include "daemon/path_digest.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "core/path_change.h"

namespace superd::daemon {

Result<std::uint64_t> digest_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("stat " + path, errno);
  if (!S_ISREG(status.st_mode)) return fail_errno(path, EINVAL);
  std::string buffer(std::size_t{64} * 1024, '\0');
  std::uint64_t digest = core::kHashBegin;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read " + path, errno);
    if (got == 0) return digest;
    digest =
        core::hash_on(digest, std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
}

}  // namespace superd::daemon
