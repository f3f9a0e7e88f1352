#include "daemon/fd_readiness.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <unistd.h>

#include "base/log.h"

namespace superd::daemon {

void FdReadiness::watch(core::SpawnId spawn, int read) {
  Watch& watch = watches_[spawn];
  watch = Watch{};
  watch.fd = read;
  auto poll = loop::Poll::readable(loop_, read, [this, spawn] { on_readable(spawn); });
  if (!poll) {
    watch.reason = "its {fd:ready} cannot be watched: " + poll.error().message;
    log::error("spawn {}: {}", core::to_string(spawn), watch.reason);
    return;
  }
  watch.poll.emplace(std::move(*poll));
}

void FdReadiness::unwatch(core::SpawnId spawn) {
  const auto found = watches_.find(spawn);
  if (found == watches_.end()) return;
  found->second.waits = false;
  found->second.reason.clear();
}

void FdReadiness::forget(core::SpawnId spawn) { watches_.erase(spawn); }

std::string FdReadiness::reason(core::SpawnId spawn) const {
  const auto found = watches_.find(spawn);
  return found == watches_.end() ? "" : found->second.reason;
}

void FdReadiness::on_readable(core::SpawnId spawn) {
  const auto found = watches_.find(spawn);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  std::array<char, 16384> buffer;
  const ssize_t got = ::read(watch.fd, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    watch.poll.reset();
    if (watch.waits) watch.reason = "it closed its {fd:ready} without a newline";
    return;
  }
  if (!watch.waits) return;
  // What else it says there means nothing, now and later.
  if (std::string_view(buffer.data(), static_cast<std::size_t>(got)).find('\n') ==
      std::string_view::npos) {
    return;
  }
  watch.waits = false;
  on_ready_(spawn);
}

}  // namespace superd::daemon
