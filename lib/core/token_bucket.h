#pragma once

#include <optional>

#include "core/spec.h"

namespace superd::core {

// How often something may happen: `burst` times at once, then once in `each`.
class TokenBucket {
 public:
  // Full. `burst` > 0, `each` > 0.
  TokenBucket(int burst, Duration each) : burst_(burst), each_(each) {}

  // Nothing: it may happen, and has. Else in how much time it may, at the earliest.
  std::optional<Duration> take(TimePoint now);

 private:
  int burst_;
  Duration each_;
  // When the bucket is full again; in the past: it is.
  TimePoint full_at_{};
};

}  // namespace superd::core
