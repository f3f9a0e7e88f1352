#include "daemon/connection_watch.h"

#include <cerrno>
#include <optional>
#include <utility>

#include <fcntl.h>

namespace superd::daemon {

Status ConnectionWatch::watch(const std::string& group, const std::vector<int>& sockets) {
  std::vector<Watch>& watches = watches_[group];
  watches.clear();
  std::optional<Error> first;
  for (const int socket : sockets) {
    UniqueFd fd(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    if (!fd) {
      first = Error{.code = errno, .message = "duplicate a listening socket"};
      continue;
    }
    auto poll = loop::Poll::readable(loop_, fd.get(), [this, group] { on_connection(group); });
    if (poll) {
      watches.push_back({.fd = std::move(fd), .poll = std::move(*poll)});
    } else {
      first = poll.error();
    }
  }
  if (first) return tl::unexpected(*first);
  return {};
}

// The watch goes before anybody is told: it is level-triggered, and once is enough.
void ConnectionWatch::on_connection(const std::string& group) {
  const auto watches = watches_.extract(group);
  if (!watches.empty()) tell_(group);
}

}  // namespace superd::daemon
