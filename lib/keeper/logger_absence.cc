#include "keeper/logger_absence.h"

#include <utility>

namespace superd::keeper {

LoggerAbsence::Verdict LoggerAbsence::look(std::optional<TimePoint> alive_since, TimePoint now) {
  if (alive_since) {
    if (now - *alive_since >= kPatience) {
      due_.reset();
      return std::exchange(since_, std::nullopt) ? Verdict::back : Verdict::nothing;
    }
    if (!since_) since_ = *alive_since;
    due_ = *alive_since + kPatience;
    return Verdict::nothing;
  }
  if (!since_) since_ = now;
  if (now - *since_ < kPatience) {
    due_ = *since_ + kPatience;
    return Verdict::nothing;
  }
  due_ = now + kTick;
  return Verdict::relieve;
}

}  // namespace superd::keeper
