#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

// inotify, of its own: libuv's watcher drops overflows and misses writes.
namespace superd::os {

struct InotifyEvent {
  int watch = -1;          // -1: of the queue as a whole
  std::uint32_t mask = 0;  // IN_*
  std::string name;        // in the watched directory; empty: of itself
};

class Inotify {
 public:
  // Fails with EMFILE where the user has too many already (fs.inotify.max_user_instances).
  static Result<Inotify> create();

  // Readable when there are events.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // What waits in the queue, at most some thousand events at a time; empty: nothing.
  Result<std::vector<InotifyEvent>> read();
  void remove(int watch);

 private:
  explicit Inotify(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// Watches a directory, adding to what is asked for it already; the watch's number. May be called in
// any thread. Fails with ENOSPC where the user has too many watches already
// (fs.inotify.max_user_watches).
Result<int> add_watch(int inotify, const std::string& directory, std::uint32_t mask);

// The events in a buffer that the kernel filled; a truncated one at the end is left out.
std::vector<InotifyEvent> decode_inotify(std::string_view buffer);

}  // namespace superd::os
