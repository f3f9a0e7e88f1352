#include "loop/turn_times.h"

#include <utility>

namespace superd::loop {

// A prepare handle runs once a turn, before the wait; the time of the wait is what libuv counts as
// idle.
TurnTimes::TurnTimes(Loop& loop, std::function<void(Duration)> on_turn) {
  uv_loop_configure(loop.raw(), UV_METRICS_IDLE_TIME);
  int error = 0;
  prepare_ = make_handle<uv_prepare_t>(
      Watch{.on_turn = std::move(on_turn)},
      [&](uv_prepare_t* raw) { return uv_prepare_init(loop.raw(), raw); }, error);
  uv_prepare_start(&prepare_->raw, look);
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_->raw));
}

void TurnTimes::look(uv_prepare_t* raw) noexcept {
  Watch& watch = static_cast<UvNode<uv_prepare_t, Watch>*>(raw->data)->function;
  const std::uint64_t now = uv_hrtime();
  const std::uint64_t idle = uv_metrics_idle_time(raw->loop);
  const std::uint64_t passed = now - watch.since;
  const std::uint64_t waited = idle - watch.idle;
  const bool began = std::exchange(watch.began, true);
  watch.since = now;
  watch.idle = idle;
  if (began) watch.on_turn(Duration(passed > waited ? passed - waited : 0));
}

}  // namespace superd::loop
