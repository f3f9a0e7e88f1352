#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/supervision.h"
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
  struct Look {
    MetricsFacts facts;
    std::vector<std::vector<pid_t>> pids;  // of facts.workers
  };
  [[nodiscard]] Look begin() const;
  void add_group(Look& look, const core::Group& group) const;
  static std::string finish(Look look);
  void deliver(const std::string& page);

  Parts parts_;
  std::string version_;
  wire::Histogram turns_;
  loop::TurnTimes turn_times_;
  std::vector<Responder> waiting_;
  std::optional<loop::Work> work_;
};

}  // namespace superd::daemon
