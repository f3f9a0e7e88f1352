#include "loop/signal.h"

#include <fmt/format.h>

namespace superd::loop {

Result<Signal> Signal::create(Loop& loop, int number, std::function<void()> on_signal) {
  int error = 0;
  Handle handle = make_handle<uv_signal_t>(
      std::move(on_signal), [&](uv_signal_t* raw) { return uv_signal_init(loop.raw(), raw); },
      error);
  if (error == 0) {
    const auto on_number = [](uv_signal_t* raw, int) noexcept {
      static_cast<UvNode<uv_signal_t, std::function<void()>>*>(raw->data)->function();
    };
    error = uv_signal_start(&handle->raw, on_number, number);
  }
  if (error < 0) return fail_errno(fmt::format("cannot catch signal {}", number), -error);
  return Signal(std::move(handle));
}

}  // namespace superd::loop
