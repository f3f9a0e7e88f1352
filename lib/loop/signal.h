#pragma once

#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace superd::loop {

// Calls a function on the loop whenever a signal has come. Signals that come together may be told
// once. The default action is off while it lives.
// Movable; may be destroyed inside its own callback.
class Signal {
 public:
  // Fails for KILL, STOP and numbers that are none.
  static Result<Signal> create(Loop& loop, int number, std::function<void()> on_signal);

 private:
  using Handle = UvHandle<uv_signal_t, std::function<void()>>;
  explicit Signal(Handle handle) : handle_(std::move(handle)) {}

  Handle handle_;
};

}  // namespace superd::loop
