#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/supervision.h"
#include "daemon/cpu_time.h"
#include "daemon/listeners.h"
#include "daemon/metrics_page.h"
#include "daemon/responder.h"
#include "daemon/tally.h"
#include "daemon/tracker.h"
#include "loop/turn_times.h"
#include "loop/work.h"

namespace superd::daemon {

// Answers GET /metrics. The looks at every worker's processes are done in the thread pool, so that
// they hold up nobody; who asks meanwhile gets the page that is being made.
class Metrics {
 public:
  struct Parts {
    loop::Loop& loop;
    const core::Supervision& core;
    Tracker& tracker;
    const Listeners& listeners;
    const Tally& tally;
  };
  Metrics(Parts parts, std::string version);

  void answer(Responder out);

 private:
  using CpuTimes = std::map<std::string, CpuTime>;  // by worker
  struct Look {
    MetricsFacts facts;
    std::vector<std::vector<pid_t>> pids;  // of facts.workers
    CpuTimes cpu_times;
  };
  struct Page {
    std::string text;
    CpuTimes cpu_times;
  };
  [[nodiscard]] Look begin();
  void add_group(Look& look, const core::Group& group) const;
  static Page finish(Look look);
  void deliver(Page page);

  Parts parts_;
  std::string version_;
  wire::Histogram turns_;
  loop::TurnTimes turn_times_;
  std::vector<Responder> waiting_;
  // With the job while one runs.
  CpuTimes cpu_times_;
  std::optional<loop::Work> work_;
};

}  // namespace superd::daemon
