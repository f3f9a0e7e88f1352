#include "os/splice.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace superd::os {

ssize_t splice(int from, int to, std::size_t most) {
  ssize_t count = 0;
  do {
    count = ::splice(from, nullptr, to, nullptr, most, SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  return count;
}

ssize_t tee(int from, int to, std::size_t most) {
  ssize_t count = 0;
  do {
    count = ::tee(from, to, most, SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  return count;
}

std::size_t bytes_in(int pipe) {
  int bytes = 0;
  return ::ioctl(pipe, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

// By splice, because a pipe may be set to wait.
std::size_t throw_away(int pipe, std::size_t bytes) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  std::size_t gone = 0;
  while (gone < bytes) {
    const ssize_t size = os::splice(pipe, null.get(), bytes - gone);
    if (size <= 0) break;
    gone += static_cast<std::size_t>(size);
  }
  return gone;
}

}  // namespace superd::os
