#pragma once

#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace superd::loop {

// What may happen on a descriptor; a set. An error or a hang-up is told as every condition asked
// for: the next read or write says what it was.
struct PollEvents {
  bool readable = false;
  bool writable = false;
  // POLLPRI: cgroup.events, /proc/self/mounts and other kernel files that tell of a change.
  bool priority = false;

  friend bool operator==(const PollEvents&, const PollEvents&) = default;
};

// Watches a borrowed descriptor, level-triggered: the callback comes again until the condition is
// gone or watch() asks for something else; only an error condition (EPOLLERR) is told once and ends
// the watch until the next watch(). The descriptor is closed after the Poll, never before,
// and has one Poll at a time in a loop. Its O_NONBLOCK flag is left as it was found.
// Movable; may be destroyed inside its own callback.
class Poll {
 public:
  using Callback = std::function<void(PollEvents)>;

  // Nothing is watched until watch(). Fails for a descriptor that cannot be polled (a regular file:
  // EPERM) or that already has a Poll (EEXIST).
  static Result<Poll> create(Loop& loop, int fd, Callback on_event);

  // Watches for reading from now on.
  static Result<Poll> readable(Loop& loop, int fd, std::function<void()> on_readable);

  // Replaces what was asked for; nothing asked for is stop().
  void watch(PollEvents events);
  void stop();

 private:
  struct Action {
    PollEvents asked;
    Callback on_event;
  };
  using Node = UvNode<uv_poll_t, Action>;
  using Handle = UvHandle<uv_poll_t, Action>;
  explicit Poll(Handle handle) : handle_(std::move(handle)) {}

  Handle handle_;
};

}  // namespace superd::loop
