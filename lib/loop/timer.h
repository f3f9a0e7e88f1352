#pragma once

#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace superd::loop {

// Calls a function once at a point in time. Never early; at most about a millisecond late on an
// idle machine. Not armed, it costs nothing: the loop sleeps without a limit. Movable; may be
// destroyed, armed and cancelled inside its own callback.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_time);

  // Replaces an earlier deadline. A deadline that has passed fires in the next turn.
  void at(TimePoint deadline);
  void after(Duration delay);
  void cancel();
  [[nodiscard]] bool armed() const;

 private:
  UvHandle<uv_timer_t, std::function<void()>> handle_;
};

}  // namespace superd::loop
