#include "loop/timer.h"

namespace superd::loop {

Timer::Timer(Loop& loop, std::function<void()> on_time) {
  int error = 0;
  handle_ = make_handle<uv_timer_t>(
      std::move(on_time), [&](uv_timer_t* raw) { return uv_timer_init(loop.raw(), raw); }, error);
}

void Timer::at(TimePoint deadline) {
  using Milliseconds = std::chrono::milliseconds;
  uv_timer_t* raw = &handle_->raw;
  uv_update_time(raw->loop);
  // libuv fires once its clock, whole milliseconds rounded down, has reached the sum of the time of
  // now and the delay. Rounding the deadline itself up makes that never early.
  const auto due = std::chrono::ceil<Milliseconds>(deadline.time_since_epoch()).count();
  const auto time = static_cast<Milliseconds::rep>(uv_now(raw->loop));
  const auto delay = due > time ? static_cast<std::uint64_t>(due - time) : 0;
  const auto on_time = [](uv_timer_t* fired) noexcept {
    static_cast<UvNode<uv_timer_t, std::function<void()>>*>(fired->data)->function();
  };
  uv_timer_start(raw, on_time, delay, 0);
}

void Timer::after(Duration delay) {
  const TimePoint start = now();
  at(delay > TimePoint::max() - start ? TimePoint::max() : start + delay);
}

void Timer::cancel() { uv_timer_stop(&handle_->raw); }

bool Timer::armed() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&handle_->raw)) != 0;
}

}  // namespace superd::loop
