#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/supervision.h"
#include "daemon/automatic.h"
#include "daemon/connection_watch.h"
#include "daemon/listeners.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon {

// Tells when a running group has had no connection for its idle_timeout, has run for as long and is
// not held. At each look the kernel's
// tables show connections that last, and of TCP those that a worker has closed since the last one.
// For the others, which came and went between two looks, the sockets of these groups are watched
// until the first connection after a look: superd is woken once a look at most. Where a worker is
// faster than superd it does not see that one; to be taken for idle in spite of its clients a group
// must have had none but such for the whole time. Their next connection starts it again.
class Idle {
 public:
  struct Parts {
    loop::Loop& loop;
    const core::Spec& spec;
    const core::Supervision& core;
    Listeners& listeners;
    const Automatic& automatic;
  };

  Idle(Parts parts, std::function<void(const std::string& group)> tell);

  // After spec has changed; looks are taken only where a group asks for them.
  void set();
  // The group is no more: nothing of its sockets is kept.
  void forget(const std::string& group);

  static constexpr std::chrono::seconds kInterval{1};

 private:
  void look();
  // Whether its time is over.
  bool look_at(const core::GroupSpec& group);
  [[nodiscard]] bool has_connection(const std::vector<int>& sockets) const;

  Parts parts_;
  std::function<void(const std::string&)> tell_;
  ConnectionWatch connections_;
  std::map<std::string, core::TimePoint> last_seen_;  // a connection, of groups that run
  loop::Timer timer_;
};

}  // namespace superd::daemon
