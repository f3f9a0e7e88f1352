#include "daemon/schedules.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace superd::daemon {
namespace {

core::Instant wall_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

std::chrono::seconds local_offset(core::Instant at) {
  const std::time_t time = std::chrono::system_clock::to_time_t(at);
  std::tm local{};
  if (::localtime_r(&time, &local) == nullptr) return std::chrono::seconds(0);
  return std::chrono::seconds(local.tm_gmtoff);
}

Schedules::Schedules(loop::Loop& loop, std::function<void(const std::string&)> due)
    : due_(std::move(due)), timer_(loop, [this] { look(); }) {}

void Schedules::set(const std::vector<core::GroupSpec>& groups) {
  const std::vector<One> before = std::exchange(all_, {});
  for (const core::GroupSpec& group : groups) {
    if (!group.recycle.schedule) continue;
    One one{.group = group.name,
            .cron = *group.recycle.schedule,
            .agenda = core::Agenda(*group.recycle.schedule, wall_now())};
    const auto known = std::ranges::find_if(before, [&](const One& other) {
      return other.group == one.group && other.cron == one.cron;
    });
    all_.push_back(known == before.end() ? one : *known);
  }
  arm();
}

void Schedules::look() {
  // Re-reads /etc/localtime where that has changed.
  ::tzset();
  const core::Instant now = wall_now();
  std::vector<std::string> due;
  for (One& one : all_) {
    if (one.agenda.look(now, local_offset)) due.push_back(one.group);
  }
  arm();
  for (const std::string& group : due) due_(group);
}

// At the next full minute: no schedule is due at another time, and a clock that is set meanwhile is
// noticed then.
void Schedules::arm() {
  if (all_.empty()) return timer_.cancel();
  const auto now = std::chrono::system_clock::now();
  const auto next = std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(1);
  timer_.after(next - now);
}

}  // namespace superd::daemon
