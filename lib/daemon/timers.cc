#include "daemon/timers.h"

#include "loop/loop.h"

namespace superd::daemon {

Timers::Timers(loop::Loop& loop, std::function<void(const core::TimerKey&)> on_fired)
    : on_fired_(std::move(on_fired)), timer_(loop, [this] { fire_due(); }) {}

void Timers::arm(const core::TimerKey& key, core::TimePoint at) {
  cancel(key);
  deadlines_[key] = at;
  order_.emplace(at, key);
  rearm();
}

void Timers::cancel(const core::TimerKey& key) {
  const auto found = deadlines_.find(key);
  if (found == deadlines_.end()) return;
  order_.erase({found->second, key});
  deadlines_.erase(found);
  rearm();
}

void Timers::fire_due() {
  const core::TimePoint now = loop::now();
  while (!order_.empty() && order_.begin()->first <= now) {
    const core::TimerKey key = order_.begin()->second;
    order_.erase(order_.begin());
    deadlines_.erase(key);
    on_fired_(key);
  }
  rearm();
}

void Timers::rearm() {
  if (order_.empty()) {
    timer_.cancel();
  } else {
    timer_.at(order_.begin()->first);
  }
}

}  // namespace superd::daemon
