#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/state.h"
#include "daemon/tally.h"
#include "os/accept_queue.h"
#include "os/process_usage.h"
#include "wire/metrics_text.h"

namespace superd::daemon {

// The bounds of MetricsFacts::turns: 1 ms … 10 s.
inline constexpr double kTurnBounds[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

// Everything that GET /metrics tells, at one time.
struct MetricsFacts {
  struct Group {
    std::string name;
    core::GroupState state = core::GroupState::stopped;
    int generation = 0;
    std::uint64_t wanted = 0;                            // workers
    std::map<core::WorkerState, std::uint64_t> workers;  // that are in a state
  };
  struct Worker {
    std::string group;
    std::string name;
    std::uint64_t processes = 0;
    std::uint64_t memory_bytes = 0;
    double cpu_seconds = 0;
    std::optional<std::uint64_t> open_fds;  // nothing: superd may not look
  };
  struct Listener {
    std::string group;
    std::string address;
    os::AcceptQueue queue;
  };
  // The process that answers.
  struct Own {
    os::ProcessUsage usage;
    double started = 0;  // Unix time
    std::optional<std::uint64_t> open_fds;
    std::uint64_t max_fds = 0;
  };

  std::string version;
  double began = 0;  // superd, Unix time
  std::uint64_t recoveries = 0;
  Tally::Counts requests;
  std::map<std::string, Tally::Group> tallies;
  std::map<std::string, Tally::Logs> logs;
  std::vector<Group> groups;
  std::vector<Worker> workers;  // with at least one process
  std::vector<Listener> listeners;
  wire::Histogram turns;
  std::optional<Own> own;
};

// superd-control(7), METRICS, has each family. Pure.
std::string metrics_page(const MetricsFacts& facts);

}  // namespace superd::daemon
