#include "core/settle.h"

#include <algorithm>

namespace superd::core {

Settle::Settle(Duration quiet)
    : quiet_(std::max(quiet, kLeast)),
      cap_(std::max<Duration>(10 * quiet_, std::chrono::seconds(5))) {}

void Settle::note(TimePoint now) {
  if (!first_) first_ = now;
  last_ = now;
}

void Settle::clear() { first_.reset(); }

std::optional<TimePoint> Settle::due() const {
  if (!first_) return std::nullopt;
  return std::min(last_ + quiet_, *first_ + cap_);
}

}  // namespace superd::core
