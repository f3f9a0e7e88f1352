#include "loop/loop.h"

#include <cstdlib>

namespace superd::loop {

TimePoint now() { return TimePoint(Duration(uv_hrtime())); }

Result<Loop> Loop::create() {
  auto raw = std::make_unique<uv_loop_t>();
  const int error = uv_loop_init(raw.get());
  if (error < 0) return fail_errno("cannot make an event loop", -error);
  return Loop(std::unique_ptr<uv_loop_t, Close>(raw.release()));
}

void Loop::run() { uv_run(raw(), UV_RUN_DEFAULT); }

void Loop::run_once() { uv_run(raw(), UV_RUN_ONCE); }

void Loop::stop() { uv_stop(raw()); }

void Loop::Close::operator()(uv_loop_t* loop) const noexcept {
  const std::unique_ptr<uv_loop_t> owned(loop);
  while (uv_loop_close(loop) != 0) {
    // Handles whose owners are gone are closed by turns of the loop. What is left without being
    // alive belongs to an owner that outlives its loop: nothing could go well after that.
    if (uv_loop_alive(loop) == 0) std::abort();
    uv_run(loop, UV_RUN_ONCE);
  }
}

}  // namespace superd::loop
