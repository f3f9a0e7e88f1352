#include "core/repetition.h"

#include <algorithm>

namespace superd::core {

Duration Repetition::fire(TimePoint now, std::optional<TimePoint> rest) {
  const bool calm = in_a_row_ == 0 || (rest && now - std::max(*rest, acts_at_) >= calm_);
  if (calm) {
    in_a_row_ = 0;
    wait_ = Duration::zero();
  }
  ++in_a_row_;
  if (in_a_row_ > kFree) wait_ = std::clamp(2 * wait_, kLeastWait, kMostWait);
  acts_at_ = now + wait_;
  return wait_;
}

}  // namespace superd::core
