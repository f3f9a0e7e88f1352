#include "daemon/state_views.h"

#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "core/dependencies.h"
#include "daemon/next_steps.h"
#include "loop/loop.h"

namespace superd::daemon {
namespace {

std::int64_t seconds_between(core::TimePoint from, core::TimePoint to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

bool is_as_meant(core::GroupState state) {
  switch (state) {
    case core::GroupState::stopped:
    case core::GroupState::running:
    case core::GroupState::rolling:
    case core::GroupState::waiting:
      return true;
    case core::GroupState::starting:
    case core::GroupState::degraded:
    case core::GroupState::stopping:
    case core::GroupState::failed:
      return false;
  }
  std::abort();
}

std::string detail(const core::Worker& worker, const StatusText& status, Moment moment) {
  if (worker.next) return successor_text(worker);
  if (worker.life) {
    std::string own = status(worker.life->spawn);
    if (!own.empty()) return own;
  }
  if (worker.state == core::WorkerState::backoff) {
    return worker.message + "; " + next_step(worker, moment.monotonic);
  }
  if (worker.queued && !core::waits_for_groups(worker)) return "waits for its turn";
  return worker.message;
}

std::vector<wire::DrainingView> draining_of(const core::Worker& worker) {
  std::vector<wire::DrainingView> views;
  for (const core::Life& life : worker.draining) {
    const bool has_main = life.pid != 0 && !life.main_gone;
    views.push_back(
        {.pid = has_main ? std::optional(life.pid) : std::nullopt, .generation = life.generation});
  }
  return views;
}

}  // namespace

Moment Moment::now() {
  return {.monotonic = loop::now(), .wall = std::chrono::system_clock::now()};
}

std::chrono::system_clock::time_point Moment::to_wall(core::TimePoint time) const {
  return wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(monotonic - time);
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     ms);
}

wire::ExitView to_view(const core::Exit& exit) {
  wire::ExitView view;
  view.reason = core::describe(exit);
  switch (exit.kind) {
    case core::Exit::Kind::exited:
      view.code = exit.value;
      break;
    case core::Exit::Kind::signaled: {
      const char* name = sigabbrev_np(exit.value);
      view.signal = name != nullptr ? std::string(name) : std::to_string(exit.value);
      break;
    }
    case core::Exit::Kind::never_ran:
    case core::Exit::Kind::unknown:
      break;
  }
  return view;
}

wire::WorkerView to_view(const core::Worker& worker, const StatusText& status, Moment moment) {
  wire::WorkerView view;
  view.name = core::to_string(worker.ref);
  view.state = core::name(worker.state);
  if (worker.life) {
    if (worker.life->pid != 0 && !worker.life->main_gone) view.pid = worker.life->pid;
    view.generation = worker.life->generation;
    view.uptime_s = seconds_between(worker.life->started, moment.monotonic);
  }
  view.since = worker.since == core::TimePoint{} ? "" : rfc3339(moment.to_wall(worker.since));
  view.restarts = static_cast<std::uint64_t>(worker.restarts);
  if (worker.last_exit) view.exit = to_view(*worker.last_exit);
  view.detail = detail(worker, status, moment);
  view.draining = draining_of(worker);
  if (worker.next) {
    view.next = wire::SuccessorView{.pid = {}, .generation = worker.next->generation};
    if (worker.next->pid != 0) view.next->pid = worker.next->pid;
  }
  return view;
}

wire::GroupView to_view(const core::Group& group, const core::GroupSpec& spec,
                        const StatusText& status, Moment moment) {
  wire::GroupView view;
  const core::Census census = core::census(group);
  view.name = group.name;
  view.state = core::name(group.state);
  view.generation = group.in_force;
  view.ready = census.ready;
  view.wanted = census.wanted;
  if (group.state != core::GroupState::stopped) {
    view.uptime_s = seconds_between(group.up_since, moment.monotonic);
  }
  for (const core::ListenSpec& socket : spec.listen) {
    if (!core::is_private(socket)) view.listen.push_back(socket.address);
  }
  view.cause = group.cause;
  view.as_meant = is_as_meant(group.state);
  if (group.roll) view.roll = static_cast<std::uint64_t>(group.roll->id);
  for (const core::Worker& worker : group.workers) {
    view.restarts += static_cast<std::uint64_t>(worker.restarts);
    view.workers.push_back(to_view(worker, status, moment));
  }
  return view;
}

wire::HistoryView history_view(const core::Worker& worker, const History& history, Moment moment) {
  wire::HistoryView view;
  view.name = core::to_string(worker.ref);
  view.state = core::name(worker.state);
  view.since = worker.since == core::TimePoint{} ? "" : rfc3339(moment.to_wall(worker.since));
  view.cause = worker.cause;
  if (!worker.message.empty()) view.message = worker.message;
  if (worker.last_exit) view.exit = to_view(*worker.last_exit);
  if (worker.life) {
    view.generation = worker.life->generation;
    if (worker.life->pid != 0 && !worker.life->main_gone) view.pid = worker.life->pid;
  }
  view.restarts = static_cast<std::uint64_t>(worker.restarts);
  if (!worker.draining.empty()) view.draining = draining_of(worker);
  for (const History::Entry& entry : history.of(worker.ref)) {
    wire::TransitionView transition;
    transition.time = rfc3339(entry.time);
    transition.from = core::name(entry.change.from);
    transition.to = core::name(entry.change.to);
    transition.cause = entry.change.cause;
    if (entry.change.pid != 0) transition.pid = entry.change.pid;
    if (entry.change.exit) transition.exit = to_view(*entry.change.exit);
    transition.message = entry.change.message;
    view.transitions.push_back(std::move(transition));
  }
  view.next = next_step(worker, moment.monotonic);
  return view;
}

wire::HistoryView history_view(const core::Group& group, const History& history, Moment moment) {
  wire::HistoryView view;
  view.name = group.name;
  view.state = core::name(group.state);
  view.since = group.since == core::TimePoint{} ? "" : rfc3339(moment.to_wall(group.since));
  view.cause = group.cause;
  if (group.in_force != 0) view.generation = group.in_force;
  const core::Census census = core::census(group);
  view.ready = census.ready;
  view.wanted = census.wanted;
  view.next = next_step(group, moment.monotonic);
  for (const core::Worker& worker : group.workers) {
    view.workers.push_back(history_view(worker, history, moment));
  }
  return view;
}

}  // namespace superd::daemon
