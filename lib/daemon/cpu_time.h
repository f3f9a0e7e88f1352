#pragma once

#include <map>

#include <sys/types.h>

#include "os/process_usage.h"

namespace superd::daemon {

// The CPU time of a worker, summed up over looks at its processes such that it never goes back:
// what one has used that is gone since stays counted, as far as a look has seen it. Where its
// parent is there, that has waited for it, and the kernel counts it there. Pure.
class CpuTime {
 public:
  using Look = std::map<pid_t, os::ProcessUsage>;

  // Seconds, with the processes that there are now.
  double add(Look now);

 private:
  Look last_;
  double gone_ = 0;
  double told_ = 0;
};

}  // namespace superd::daemon
