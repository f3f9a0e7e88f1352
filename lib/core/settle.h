#pragma once

#include <optional>

#include "core/spec.h"

namespace superd::core {

// Many changes are one action: it is due when nothing has changed for `quiet`, and for an endless
// stream of changes when ten times that, at least five seconds, have gone by since the first. Pure;
// the clock is moved by whoever asks.
class Settle {
 public:
  // Two changes within one tick of the kernel's clock have the same time: no quiet is shorter.
  static constexpr Duration kLeast = std::chrono::milliseconds(10);

  explicit Settle(Duration quiet);

  // Something has happened.
  void note(TimePoint now);
  // What was noted is being acted on.
  void clear();
  // When to act; nothing: nothing has happened.
  [[nodiscard]] std::optional<TimePoint> due() const;

 private:
  Duration quiet_;
  Duration cap_;
  std::optional<TimePoint> first_;
  TimePoint last_{};
};

}  // namespace superd::core
