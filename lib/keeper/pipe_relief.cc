#include "keeper/pipe_relief.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"

namespace superd::keeper {
namespace {

std::size_t fill_of(int pipe_fd) {
  int bytes = 0;
  return ::ioctl(pipe_fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

// Not the same as few bytes: a page of the pipe that is not filled up counts as a whole one.
bool takes_more(int pipe_fd) {
  pollfd writing{.fd = pipe_fd, .events = POLLOUT, .revents = 0};
  return ::poll(&writing, 1, 0) == 1 && (writing.revents & POLLOUT) != 0;
}

// By splice, because the reading end may be set to wait, and is not the keeper's alone.
std::size_t throw_away(int pipe_fd, std::size_t bytes) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  std::size_t gone = 0;
  while (gone < bytes) {
    const ssize_t size =
        ::splice(pipe_fd, nullptr, null.get(), nullptr, bytes - gone, SPLICE_F_NONBLOCK);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    gone += static_cast<std::size_t>(size);
  }
  return gone;
}

}  // namespace

std::size_t relieve_pipe(int pipe_fd) {
  const int capacity = ::fcntl(pipe_fd, F_GETPIPE_SZ);
  if (capacity <= 0) return 0;
  const std::size_t fill = fill_of(pipe_fd);
  if (fill < static_cast<std::size_t>(capacity) / 4 * 3 && takes_more(pipe_fd)) return 0;
  std::size_t gone = throw_away(pipe_fd, fill / 2);
  // A pipe of one page is free again only when it is empty.
  if (!takes_more(pipe_fd)) gone += throw_away(pipe_fd, fill_of(pipe_fd));
  return gone;
}

std::uint64_t PipeRelief::relieve(const ItemStore& items) {
  const std::uint64_t before = lost_;
  items.visit(kOutputPrefix, [this](const std::string& name, const std::vector<UniqueFd>& pipes) {
    for (const UniqueFd& pipe : pipes) {
      const std::size_t gone = relieve_pipe(pipe.get());
      if (gone == 0) continue;
      if (lost_ == 0) {
        log::error(
            "the logger stays away: output is thrown away from now on, {} first, so that no "
            "worker has to wait",
            name);
      }
      lost_ += gone;
    }
  });
  return lost_ - before;
}

void PipeRelief::back() {
  if (lost_ == 0) return;
  log::error("the logger is back: {} bytes of output were lost", std::exchange(lost_, 0));
}

}  // namespace superd::keeper
