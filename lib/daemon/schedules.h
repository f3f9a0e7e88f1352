#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/cron.h"
#include "core/spec.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon {

// recycle.schedule of all groups, by the clock on the wall and the zone of TZ or /etc/localtime,
// which may both change meanwhile: looked at once a minute, and not at all where no group has one.
class Schedules {
 public:
  // `due` is called from the loop.
  Schedules(loop::Loop& loop, std::function<void(const std::string& group)> due);

  // What was known before is forgotten. A time that a group's unchanged schedule has had is not due
  // again.
  void set(const std::vector<core::GroupSpec>& groups);

 private:
  struct One {
    std::string group;
    core::Cron cron;
    core::Agenda agenda;
  };
  void look();
  void arm();

  std::function<void(const std::string&)> due_;
  std::vector<One> all_;
  loop::Timer timer_;
};

// How far the zone of this process (TZ, else /etc/localtime) is ahead of UTC at an instant.
std::chrono::seconds local_offset(core::Instant at);

}  // namespace superd::daemon
