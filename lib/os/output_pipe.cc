#include "os/output_pipe.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "os/pipe.h"

namespace superd::os {

Result<OutputPipe> make_output_pipe() {
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  OutputPipe made{.read = std::move(pipe->read), .write = std::move(pipe->write)};
  const std::string path = fmt::format("/proc/self/fd/{}", made.read.get());
  // A new open file: the reader's O_NONBLOCK must not become the worker's.
  made.write.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!made.write) return fail_errno("cannot open a pipe for reading and writing", errno);
  constexpr int kSize = 1 << 20;
  // A smaller pipe serves as well where this is not permitted.
  if (::geteuid() == 0) ::fcntl(made.read.get(), F_SETPIPE_SZ, kSize);
  return made;
}

}  // namespace superd::os
