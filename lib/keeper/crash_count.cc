#include "keeper/crash_count.h"

namespace superd::keeper {

bool CrashCount::crashed(TimePoint now, std::chrono::nanoseconds hung) {
  for (TimePoint& time : times_) time += hung;
  while (!times_.empty() && now - times_.front() > kWindow) times_.pop_front();
  times_.push_back(now);
  if (times_.size() < kMany) return false;
  times_.clear();
  return true;
}

}  // namespace superd::keeper
