#include "loop/poll.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>

namespace superd::loop {
namespace {

int mask(PollEvents events) {
  int bits = 0;
  if (events.readable) bits |= UV_READABLE;
  if (events.writable) bits |= UV_WRITABLE;
  if (events.priority) bits |= UV_PRIORITIZED;
  return bits;
}

}  // namespace

Result<Poll> Poll::create(Loop& loop, int fd, Callback on_event) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return fail_errno(fmt::format("cannot watch descriptor {}", fd), errno);
  int error = 0;
  Handle handle = make_handle<uv_poll_t>(
      Action{.asked = {}, .on_event = std::move(on_event)},
      [&](uv_poll_t* raw) { return uv_poll_init(loop.raw(), raw, fd); }, error);
  if (error < 0) return fail_errno(fmt::format("cannot watch descriptor {}", fd), -error);
  // libuv makes the descriptor non-blocking, for everyone who holds it.
  if ((flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags);
  return Poll(std::move(handle));
}

Result<Poll> Poll::readable(Loop& loop, int fd, std::function<void()> on_readable) {
  Result<Poll> poll =
      create(loop, fd, [on_readable = std::move(on_readable)](PollEvents) { on_readable(); });
  if (poll) poll->watch({.readable = true});
  return poll;
}

void Poll::watch(PollEvents events) {
  if (mask(events) == 0) return stop();
  // libuv begins anew each time, which would cost two system calls for nothing.
  const bool active = uv_is_active(reinterpret_cast<uv_handle_t*>(&handle_->raw)) != 0;
  if (active && events == handle_->function.asked) return;
  handle_->function.asked = events;
  const auto on_event = [](uv_poll_t* raw, int status, int bits) noexcept {
    const Action& action = static_cast<Node*>(raw->data)->function;
    if (status < 0) return action.on_event(action.asked);
    action.on_event({.readable = (bits & UV_READABLE) != 0,
                     .writable = (bits & UV_WRITABLE) != 0,
                     .priority = (bits & UV_PRIORITIZED) != 0});
  };
  uv_poll_start(&handle_->raw, mask(events), on_event);
}

void Poll::stop() { uv_poll_stop(&handle_->raw); }

}  // namespace superd::loop
