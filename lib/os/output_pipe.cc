#include "os/output_pipe.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace superd::os {

Result<OutputPipe> make_output_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  OutputPipe made{.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
  const std::string path = fmt::format("/proc/self/fd/{}", made.read.get());
  // A new open file: the reader's O_NONBLOCK must not become the worker's.
  made.write.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!made.write) return fail_errno("cannot open a pipe for reading and writing", errno);
  if (::fcntl(made.read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return fail_errno("cannot make a pipe non-blocking", errno);
  }
  constexpr int kSize = 1 << 20;
  // A smaller pipe serves as well where this is not permitted.
  if (::geteuid() == 0) ::fcntl(made.read.get(), F_SETPIPE_SZ, kSize);
  return made;
}

}  // namespace superd::os
