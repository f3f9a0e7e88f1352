#pragma once

#include <chrono>
#include <memory>

#include <uv.h>

#include "base/result.h"

namespace superd::loop {

// The same types as core::Duration and core::TimePoint.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// CLOCK_MONOTONIC, the clock that timers go by. Not cached: two calls in one turn may differ.
TimePoint now();

// One libuv loop. Everything made on it (Timer, Poll, …) is destroyed before it; a job of a Work
// that still runs is waited for at the end, so a process that must leave while one hangs uses
// _exit. Movable: what was made on it keeps working.
class Loop {
 public:
  // Fails where the kernel gives no epoll descriptor.
  static Result<Loop> create();

  // Handles events until stop(), or until nothing is left that could make one.
  void run();
  // Handles what is due, waiting for at least one event if nothing is.
  void run_once();
  // run() returns at the end of this turn. May be called in any callback.
  void stop();

  // For the other classes of this folder.
  [[nodiscard]] uv_loop_t* raw() const { return loop_.get(); }

 private:
  struct Close {
    void operator()(uv_loop_t* loop) const noexcept;
  };
  explicit Loop(std::unique_ptr<uv_loop_t, Close> loop) : loop_(std::move(loop)) {}

  std::unique_ptr<uv_loop_t, Close> loop_;
};

}  // namespace superd::loop
