#include "daemon/tally.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "daemon/lives.h"
#include "daemon/roll_text.h"

namespace superd::wire {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Histogram, counts, sum)
}  // namespace superd::wire

namespace superd::logs {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LogCounts, bytes, lines, dropped)
}  // namespace superd::logs

namespace superd::daemon {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Tally::Group, starts, exits, rolls, kills,
                                                oom_kills, roll, ready, stop, backoff)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Tally::Logs, logger, before, last)

namespace {

using nlohmann::json;

constexpr std::string_view kOwn = "metric/superd";
constexpr std::string_view kOfGroup = "metric/group/";
constexpr std::string_view kOfLogs = "metric/logs/";

double seconds(core::Duration duration) { return std::chrono::duration<double>(duration).count(); }

// One that has another number of buckets is of another superd's bounds.
void drop_foreign(wire::Histogram& histogram) {
  const bool fits =
      histogram.counts.empty() || histogram.counts.size() == std::size(Tally::kBounds) + 1;
  if (!fits) histogram = {};
}

}  // namespace

std::string reason_of(std::string_view cause) {
  constexpr std::string_view kKnown[] = {"trigger",  "command", "worker", "signal",
                                         "schedule", "health",  "memory", "age",
                                         "config",   "exit",    "demand", "boot"};
  const std::string_view word = cause.substr(0, cause.find(' '));
  return std::find(std::begin(kKnown), std::end(kKnown), word) != std::end(kKnown)
             ? std::string(word)
             : "other";
}

Tally::Group& Tally::of(const std::string& group) {
  changed_.insert(group);
  return groups_[group];
}

logs::LogCounts Tally::Logs::all() const {
  return {.bytes = before.bytes + last.bytes,
          .lines = before.lines + last.lines,
          .dropped = before.dropped + last.dropped};
}

void Tally::note(const core::Event& event, const core::Supervision& core) {
  const auto* exited = std::get_if<core::MainExited>(&event);
  if (exited == nullptr) return;
  const auto found = find_life(core, exited->spawn);
  if (!found || found->life.main_gone) return;
  Group& group = of(found->worker.ref.group);
  ++group.exits[reason_of(cause_of_end(*found))];
  if (exited->exit.reason == core::kByOomKiller) ++group.oom_kills;
}

void Tally::note(const logs::Counted& counted, const core::Supervision& core) {
  if (core.find(counted.group) == nullptr) return;
  Logs& logs = logs_[counted.group];
  if (logs.logger != counted.logger) {
    logs.before = logs.all();
    logs.logger = counted.logger;
  }
  logs.last = counted.counts;
  changed_logs_.insert(counted.group);
}

void Tally::note(const core::Effect& effect, const core::Supervision& core, core::TimePoint now) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    const auto found = find_life(core, spawn->spawn);
    if (found) ++of(spawn->worker.group).starts[reason_of(cause_of_start(*found))];
  } else if (const auto* asked = std::get_if<core::SignalMain>(&effect)) {
    const core::Worker* worker = core.owner(asked->spawn);
    if (worker != nullptr) stop_since_.try_emplace(asked->spawn, worker->ref.group, now);
  } else if (const auto* kill = std::get_if<core::KillTree>(&effect)) {
    const auto found = find_life(core, kill->spawn);
    if (found && found->life.kills == 1) ++of(found->worker.ref.group).kills;
  } else if (const auto* gone = std::get_if<core::Forget>(&effect)) {
    const auto since = stop_since_.find(gone->spawn);
    if (since == stop_since_.end()) return;
    const auto& [group, begin] = since->second;
    if (core.find(group) != nullptr) of(group).stop.observe(seconds(now - begin), kBounds);
    stop_since_.erase(since);
  } else if (const auto* change = std::get_if<core::WorkerChanged>(&effect)) {
    if (change->to == core::WorkerState::backoff) {
      const core::Worker* worker = core.find(change->worker);
      if (worker == nullptr || worker->next_attempt < now) return;
      of(change->worker.group).backoff.observe(seconds(worker->next_attempt - now), kBounds);
    } else if (change->to == core::WorkerState::ready) {
      const auto found = find_life(core, change->spawn);
      if (!found || !found->life.ready_since) return;
      of(change->worker.group)
          .ready.observe(seconds(*found->life.ready_since - found->life.started), kBounds);
    }
  } else if (const auto* began = std::get_if<core::RollBegan>(&effect)) {
    of(began->group);
    rolls_since_[began->group] = now;
  } else if (const auto* ended = std::get_if<core::RollEnded>(&effect)) {
    Group& group = of(ended->group);
    ++group.rolls[name(ended->result)];
    const auto since = rolls_since_.find(ended->group);
    if (since == rolls_since_.end()) return;
    group.roll.observe(seconds(now - since->second), kBounds);
    rolls_since_.erase(since);
  } else if (const auto* removed = std::get_if<core::GroupGone>(&effect)) {
    changed_.insert(removed->group);
    groups_.erase(removed->group);
    if (logs_.erase(removed->group) > 0) changed_logs_.insert(removed->group);
    rolls_since_.erase(removed->group);
  }
}

std::string Tally::own_text() const {
  using std::chrono::milliseconds;
  const auto began = std::chrono::duration_cast<milliseconds>(began_.time_since_epoch());
  return json{{"began", began.count()}, {"recoveries", recoveries_}, {"requests", requests_}}
      .dump();
}

std::string Tally::group_text(const std::string& name) const {
  const auto group = groups_.find(name);
  if (group == groups_.end()) return "";
  json text = group->second;
  const auto roll = rolls_since_.find(name);
  if (roll != rolls_since_.end()) text["roll_since"] = roll->second.time_since_epoch().count();
  return text.dump();
}

std::string Tally::logs_text(const std::string& name) const {
  const auto logs = logs_.find(name);
  return logs == logs_.end() ? "" : json(logs->second).dump();
}

std::vector<std::pair<std::string, std::string>> Tally::take_changes() {
  std::vector<std::pair<std::string, std::string>> changes;
  for (const std::string& name : std::exchange(changed_logs_, {})) {
    changes.emplace_back(std::string(kOfLogs) + name, logs_text(name));
  }
  if (changed_.empty() && own_kept_) return changes;
  own_kept_ = true;
  requests_changed_ = false;
  changes.emplace_back(kOwn, own_text());
  for (const std::string& name : std::exchange(changed_, {})) {
    changes.emplace_back(std::string(kOfGroup) + name, group_text(name));
  }
  return changes;
}

std::vector<std::pair<std::string, std::string>> Tally::take_requests() {
  if (requests_changed_) own_kept_ = false;
  return take_changes();
}

void Tally::restore(const std::map<std::string, std::string>& values, After after) {
  recoveries_ = after == After::death ? 1 : 0;
  for (const auto& [key, text] : values) {
    const json read = json::parse(text, nullptr, false);
    if (!read.is_object()) continue;
    try {
      if (key == kOwn) {
        began_ = WallTime(std::chrono::milliseconds(read.at("began").get<std::int64_t>()));
        recoveries_ += read.at("recoveries").get<std::uint64_t>();
        requests_ = read.at("requests").get<Counts>();
      } else if (key.starts_with(kOfLogs)) {
        logs_[key.substr(kOfLogs.size())] = read.get<Logs>();
      } else if (key.starts_with(kOfGroup)) {
        const std::string name = key.substr(kOfGroup.size());
        Group group = read.get<Group>();
        for (wire::Histogram* each : {&group.roll, &group.ready, &group.stop, &group.backoff}) {
          drop_foreign(*each);
        }
        groups_[name] = std::move(group);
        const auto roll = read.find("roll_since");
        if (roll == read.end()) continue;
        rolls_since_[name] = core::TimePoint(core::Duration(roll->get<std::int64_t>()));
      }
    } catch (const json::exception&) {
      // As if it had not been counted.
    }
  }
}

}  // namespace superd::daemon
