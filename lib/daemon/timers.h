#pragma once

#include <functional>
#include <map>
#include <set>
#include <utility>

#include "core/effect.h"
#include "loop/timer.h"

namespace superd::daemon {

// The core's timers on one timer of the loop. Not armed, it costs nothing.
class Timers {
 public:
  // `on_fired` may arm and cancel.
  Timers(loop::Loop& loop, std::function<void(const core::TimerKey&)> on_fired);

  void arm(const core::TimerKey& key, core::TimePoint at);
  void cancel(const core::TimerKey& key);

 private:
  void fire_due();
  void rearm();

  std::map<core::TimerKey, core::TimePoint> deadlines_;
  std::set<std::pair<core::TimePoint, core::TimerKey>> order_;
  std::function<void(const core::TimerKey&)> on_fired_;
  loop::Timer timer_;
};

}  // namespace superd::daemon
