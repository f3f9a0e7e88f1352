#include "core/token_bucket.h"

#include <algorithm>

namespace superd::core {

std::optional<Duration> TokenBucket::take(TimePoint now) {
  const TimePoint full_after = std::max(full_at_, now) + each_;
  const Duration too_early = full_after - now - burst_ * each_;
  if (too_early > Duration::zero()) return too_early;
  full_at_ = full_after;
  return std::nullopt;
}

}  // namespace superd::core
