#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/supervision.h"
#include "daemon/history.h"
#include "wire/views.h"

namespace superd::daemon {

// The same moment on both clocks: states carry monotonic times, answers show wall-clock ones.
struct Moment {
  core::TimePoint monotonic;
  std::chrono::system_clock::time_point wall;

  static Moment now();
  [[nodiscard]] std::chrono::system_clock::time_point to_wall(core::TimePoint time) const;
};

// `2026-11-23T01:02:03.004Z`
std::string rfc3339(std::chrono::system_clock::time_point time);

// What a worker said of itself by sd_notify's STATUS=; empty: nothing.
using StatusText = std::function<std::string(core::SpawnId)>;

wire::ExitView to_view(const core::Exit& exit);
wire::WorkerView to_view(const core::Worker& worker, const StatusText& status, Moment moment);
// Workers included, without the fields that cost a look at every process.
wire::GroupView to_view(const core::Group& group, const core::GroupSpec& spec,
                        const StatusText& status, Moment moment);
// Without output lines.
wire::HistoryView history_view(const core::Worker& worker, const History& history, Moment moment);
wire::HistoryView history_view(const core::Group& group, const History& history, Moment moment);

}  // namespace superd::daemon
