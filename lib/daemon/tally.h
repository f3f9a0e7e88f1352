#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/effect.h"
#include "core/event.h"
#include "core/supervision.h"
#include "logs/protocol.h"
#include "wire/metrics_text.h"

namespace superd::daemon {

// Counts what happens, for the metrics, over all supervisors of one superd: what has changed is
// taken after each event and goes into the journal with what the core made of it, so that nothing
// is counted twice or lost when a supervisor dies.
class Tally {
 public:
  using WallTime = std::chrono::system_clock::time_point;
  using Counts = std::map<std::string, std::uint64_t>;

  // 10 ms … 10 minutes: of processes that start and end, of pauses, of rolls.
  static constexpr double kBounds[] = {0.01, 0.05, 0.1, 0.25, 0.5, 1,   2.5,
                                       5,    10,   30,  60,   120, 300, 600};

  struct Group {
    Counts starts;  // by the first word of the cause: boot, exit, trigger …
    Counts exits;   // the same; exit: nothing asked for it
    Counts rolls;   // by result
    std::uint64_t kills = 0;
    std::uint64_t oom_kills = 0;
    wire::Histogram roll;     // from its begin to its end
    wire::Histogram ready;    // from a process's turn until it was ready
    wire::Histogram stop;     // from the stop signal until no process was left
    wire::Histogram backoff;  // the pauses before a respawn

    friend bool operator==(const Group&, const Group&) = default;
  };

  // Of a group's output, over all loggers.
  struct Logs {
    std::uint64_t logger = 0;  // the last one
    logs::LogCounts before;    // what those before it counted
    logs::LogCounts last;      // what it counts

    [[nodiscard]] logs::LogCounts all() const;
    friend bool operator==(const Logs&, const Logs&) = default;
  };

  // `began` in whole milliseconds, as it is kept.
  explicit Tally(WallTime began) : began_(began) {}

  // An event before the core hears of it; an effect when the core has made it.
  void note(const core::Event& event, const core::Supervision& core);
  void note(const core::Effect& effect, const core::Supervision& core, core::TimePoint now);
  void note(const logs::Counted& counted, const core::Supervision& core);
  // A request on the `control` or the `worker` socket. It is kept with what happens next, or by
  // take_requests().
  void note_request(const std::string& socket) {
    ++requests_[socket];
    requests_changed_ = true;
  }

  [[nodiscard]] const std::map<std::string, Group>& groups() const { return groups_; }
  [[nodiscard]] const std::map<std::string, Logs>& logs() const { return logs_; }
  [[nodiscard]] const Counts& requests() const { return requests_; }
  [[nodiscard]] WallTime began() const { return began_; }
  // Supervisors that went on for one that had died.
  [[nodiscard]] std::uint64_t recoveries() const { return recoveries_; }

  // In a supervisor that goes on for another; values that cannot be read count as nothing.
  enum class After { death, upgrade };  // of the one before
  void restore(const std::map<std::string, std::string>& values, After after);
  // What is another since the last call, by key; an empty text: there is nothing any more.
  std::vector<std::pair<std::string, std::string>> take_changes();
  // The same, and the requests since then too.
  std::vector<std::pair<std::string, std::string>> take_requests();

 private:
  [[nodiscard]] std::string own_text() const;
  [[nodiscard]] std::string group_text(const std::string& name) const;
  [[nodiscard]] std::string logs_text(const std::string& name) const;
  Group& of(const std::string& group);

  WallTime began_;
  std::uint64_t recoveries_ = 0;
  Counts requests_;
  std::map<std::string, Group> groups_;
  std::map<std::string, Logs> logs_;                                             // by group
  std::map<std::string, core::TimePoint> rolls_since_;                           // by group
  std::map<core::SpawnId, std::pair<std::string, core::TimePoint>> stop_since_;  // with its group
  std::set<std::string> changed_;                                                // groups
  std::set<std::string> changed_logs_;                                           // the same
  bool own_kept_ = false;
  bool requests_changed_ = false;
};

// `command uid=0 pid=4711` -> `command`; what superd has no word for is `other`.
std::string reason_of(std::string_view cause);

}  // namespace superd::daemon
