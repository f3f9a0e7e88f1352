#include "os/read_file.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace superd::os {

Result<std::string> read_file(const std::string& path, std::size_t limit, int directory_fd) {
  const UniqueFd fd(::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(fmt::format("cannot open {}", path), errno);
  std::string text;
  std::size_t used = 0;
  while (used < limit) {
    text.resize(std::min(limit, std::max<std::size_t>(2048, used * 2)));
    const ssize_t got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(fmt::format("cannot read {}", path), errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

Status write_file(const std::string& path, const std::string& text, int directory_fd) {
  const UniqueFd fd(::openat(directory_fd, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno(fmt::format("cannot open {}", path), errno);
  const ssize_t wrote = ::write(fd.get(), text.data(), text.size());
  if (wrote < 0) return fail_errno(fmt::format("cannot write to {}", path), errno);
  return {};
}

}  // namespace superd::os
