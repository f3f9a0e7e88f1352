#pragma once

#include <functional>
#include <utility>

#include <catch2/catch.hpp>

#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::loop {

inline Loop make_loop() {
  Result<Loop> loop = Loop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

// Turns the loop until the condition holds; false if that does not happen within a minute.
inline bool run_until(Loop& loop, const std::function<bool()>& condition) {
  const TimePoint limit = now() + std::chrono::minutes(1);
  while (!condition()) {
    if (now() > limit) return false;
    // So that a turn in which nothing happens ends as well.
    Timer turn(loop, [] {});
    turn.after(std::chrono::milliseconds(10));
    loop.run_once();
  }
  return true;
}

}  // namespace superd::loop
