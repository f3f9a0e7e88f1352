#include "os/output_pipe.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "os/pipe.h"

namespace superd::os {

namespace {

// A new open file with both ends of a pipe.
Result<UniqueFd> both_ends(const Pipe& pipe, int flags) {
  const std::string path = fmt::format("/proc/self/fd/{}", pipe.read.get());
  UniqueFd both(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags));
  if (!both) return fail_errno("cannot open a pipe for reading and writing", errno);
  constexpr int kSize = 1 << 20;
  // A smaller pipe serves as well where this is not permitted.
  if (::geteuid() == 0) ::fcntl(both.get(), F_SETPIPE_SZ, kSize);
  return both;
}

}  // namespace

Result<OutputPipe> make_output_pipe() {
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  // The reader's O_NONBLOCK must not become the worker's.
  Result<UniqueFd> both = both_ends(*pipe, 0);
  if (!both) return tl::unexpected(both.error());
  return OutputPipe{.read = std::move(pipe->read), .write = std::move(*both)};
}

Result<UniqueFd> make_transit_pipe() {
  const Result<Pipe> pipe = make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  return both_ends(*pipe, O_NONBLOCK);
}

}  // namespace superd::os
