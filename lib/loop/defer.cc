#include "loop/defer.h"

namespace superd::loop {

// A turn is: timers, idle handles, the wait, the events, check handles. The idle handle, which does
// nothing, keeps the wait from taking any time; the check handle is the end of the turn.
Defer::Defer(Loop& loop, std::function<void()> function) {
  int error = 0;
  awake_ = make_handle<uv_idle_t>(
      Nothing{}, [&](uv_idle_t* raw) { return uv_idle_init(loop.raw(), raw); }, error);
  check_ = make_handle<uv_check_t>(
      Action{.awake = &awake_->raw, .function = std::move(function)},
      [&](uv_check_t* raw) { return uv_check_init(loop.raw(), raw); }, error);
}

void Defer::schedule() {
  if (scheduled()) return;
  uv_idle_start(&awake_->raw, [](uv_idle_t*) noexcept {});
  uv_check_start(&check_->raw, [](uv_check_t* raw) noexcept {
    const Action& action = static_cast<UvNode<uv_check_t, Action>*>(raw->data)->function;
    uv_idle_stop(action.awake);
    uv_check_stop(raw);
    action.function();
  });
}

void Defer::cancel() {
  uv_idle_stop(&awake_->raw);
  uv_check_stop(&check_->raw);
}

bool Defer::scheduled() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&check_->raw)) != 0;
}

}  // namespace superd::loop
