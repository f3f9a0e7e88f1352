#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/supervision.h"
#include "daemon/demand.h"
#include "daemon/listeners.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon {

// Tells when a running group has had no connection for its idle_timeout. A connection that lasts is
// seen in the kernel's table of accepted ones at each look; one that came and went between two
// looks has woken superd, which watches the sockets of these groups until the first connection
// after a look, and no longer: once a look at most.
class Idle {
 public:
  struct Parts {
    loop::Loop& loop;
    const core::Spec& spec;
    const core::Supervision& core;
    Listeners& listeners;
  };

  Idle(Parts parts, std::function<void(const std::string& group)> tell);

  // After spec has changed; looks are taken only where a group asks for them.
  void set();

  static constexpr std::chrono::seconds kInterval{1};

 private:
  void look();
  // Whether its time is over.
  bool look_at(const core::GroupSpec& group);
  [[nodiscard]] bool has_connection(const std::vector<int>& sockets) const;

  Parts parts_;
  std::function<void(const std::string&)> tell_;
  Demand connections_;
  std::map<std::string, core::TimePoint> last_seen_;  // a connection, of groups that run
  loop::Timer timer_;
};

}  // namespace superd::daemon
