#pragma once

#include <algorithm>
#include <chrono>

#include "loop/loop.h"

namespace superd::logs {

// How long the logger's loop may stand still for the disk: for one job a moment, for all of them
// together no more than a part of the time. A disk that is well never comes near either. Pure.
class Patience {
 public:
  static constexpr loop::Duration kMoment = std::chrono::milliseconds(20);
  static constexpr loop::Duration kShare = std::chrono::milliseconds(100);  // of each kPeriod
  static constexpr loop::Duration kPeriod = std::chrono::seconds(1);

  // For the next job; 0: not at all.
  [[nodiscard]] loop::Duration left(loop::TimePoint now) {
    if (now - began_ >= kPeriod) {
      began_ = now;
      spent_ = {};
    }
    return std::clamp(kShare - spent_, loop::Duration::zero(), kMoment);
  }
  // So long was waited.
  void spend(loop::Duration waited) {
    if (waited > kNothing) spent_ += waited;
  }

 private:
  // What any job takes on a disk that is well.
  static constexpr loop::Duration kNothing = std::chrono::milliseconds(2);

  loop::TimePoint began_{};
  loop::Duration spent_{};
};

}  // namespace superd::logs
