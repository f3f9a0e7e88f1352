#pragma once

#include <optional>

#include "core/spec.h"

namespace superd::core {

// A trigger whose action changes what it watches fires again and again, as with an application that
// writes into its own watched directory whenever it starts. So many actions in a row are let
// happen; then each further one waits, twice as long as the one before. Pure; the clock is moved by
// whoever asks.
class Repetition {
 public:
  static constexpr int kFree = 10;
  static constexpr Duration kLeastWait = std::chrono::seconds(5);
  static constexpr Duration kMostWait = std::chrono::minutes(5);

  // Who fires when all was at rest for `calm` does not repeat itself: longer than it takes until a
  // change is seen.
  explicit Repetition(Duration calm) : calm_(calm) {}

  // It fires: how long to wait before acting; zero: not at all. `rest`: since when that which it
  // acts on has been at rest; nothing: it is not.
  Duration fire(TimePoint now, std::optional<TimePoint> rest);
  // Actions in a row, this one included.
  [[nodiscard]] int in_a_row() const { return in_a_row_; }

 private:
  Duration calm_;
  int in_a_row_ = 0;
  Duration wait_{0};
  TimePoint acts_at_{};  // the latest one
};

}  // namespace superd::core
