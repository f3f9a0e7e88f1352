#include "os/text_input.h"

#include <cerrno>

#include <sys/mman.h>
#include <unistd.h>

namespace superd::os {

Result<UniqueFd> text_input(std::string_view text) {
  UniqueFd file(::memfd_create("superd-input", MFD_CLOEXEC));
  if (!file) return fail_errno("memfd_create", errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write to a memfd", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("lseek", errno);
  return file;
}

}  // namespace superd::os
