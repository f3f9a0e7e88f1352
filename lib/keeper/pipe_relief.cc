#include "keeper/pipe_relief.h"

#include <utility>

#include <fcntl.h>
#include <poll.h>

#include "base/log.h"
#include "os/splice.h"

namespace superd::keeper {
namespace {

// Not the same as few bytes: a page of the pipe that is not filled up counts as a whole one.
bool takes_more(int pipe_fd) {
  pollfd writing{.fd = pipe_fd, .events = POLLOUT, .revents = 0};
  return ::poll(&writing, 1, 0) == 1 && (writing.revents & POLLOUT) != 0;
}

}  // namespace

std::size_t relieve_pipe(int pipe_fd) {
  const int capacity = ::fcntl(pipe_fd, F_GETPIPE_SZ);
  if (capacity <= 0) return 0;
  const std::size_t fill = os::bytes_in(pipe_fd);
  if (fill < static_cast<std::size_t>(capacity) / 4 * 3 && takes_more(pipe_fd)) return 0;
  std::size_t gone = os::throw_away(pipe_fd, fill / 2);
  // A pipe of one page is free again only when it is empty.
  if (!takes_more(pipe_fd)) gone += os::throw_away(pipe_fd, os::bytes_in(pipe_fd));
  return gone;
}

std::uint64_t PipeRelief::relieve(const ItemStore& items) {
  std::uint64_t all = 0;
  items.visit(kOutputPrefix, [&](const std::string& name, const std::vector<UniqueFd>& pipes) {
    for (const UniqueFd& pipe : pipes) {
      const std::size_t gone = relieve_pipe(pipe.get());
      if (gone == 0) continue;
      if (lost_.empty()) {
        log::error(
            "the logger stays away: output is thrown away from now on, {} first, so that no "
            "worker has to wait",
            name);
      }
      lost_[name] += gone;
      all += gone;
    }
  });
  return all;
}

std::map<std::string, std::uint64_t> PipeRelief::back() {
  std::map<std::string, std::uint64_t> lost = std::exchange(lost_, {});
  std::uint64_t all = 0;
  for (const auto& [name, bytes] : lost) all += bytes;
  if (all > 0) log::error("the logger is back: {} bytes of output were lost", all);
  return lost;
}

}  // namespace superd::keeper
