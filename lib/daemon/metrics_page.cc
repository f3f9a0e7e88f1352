#include "daemon/metrics_page.h"

#include "daemon/roll_text.h"

namespace superd::daemon {
namespace {

using wire::MetricsText;
using Type = MetricsText::Type;

constexpr core::RollResult kRollResults[] = {core::RollResult::done, core::RollResult::rolled_back,
                                             core::RollResult::mixed, core::RollResult::stopped};

void tell_superd(MetricsText& page, const MetricsFacts& facts) {
  page.family("superd_build_info", Type::gauge, "Always 1; the label tells which superd this is.");
  page.sample({{"version", facts.version}}, std::uint64_t{1});
  page.family("superd_start_time_seconds", Type::gauge,
              "When superd began, in Unix time; a supervisor that goes on for one that died does "
              "not change it.");
  page.sample({}, facts.began);
  page.family("superd_supervisor_recoveries_total", Type::counter,
              "Supervisors that went on for one that had died.");
  page.sample({}, facts.recoveries);
  page.family("superd_control_requests_total", Type::counter,
              "Requests on the control socket and on the workers' socket.");
  for (const char* socket : {"control", "worker"}) {
    const auto count = facts.requests.find(socket);
    page.sample({{"socket", socket}}, count == facts.requests.end() ? 0 : count->second);
  }
  page.family("superd_event_loop_lag_seconds", Type::histogram,
              "How long each turn of this supervisor's event loop worked: what came meanwhile "
              "waited for as long at most.");
  page.sample({}, facts.turns, kTurnBounds);
}

void tell_groups(MetricsText& page, const MetricsFacts& facts) {
  page.family("superd_group_state", Type::gauge, "1 for the state that the group is in.");
  for (const auto& group : facts.groups) {
    for (const core::GroupState state : core::kGroupStates) {
      page.sample({{"group", group.name}, {"state", name(state)}},
                  std::uint64_t{group.state == state ? 1U : 0U});
    }
  }
  page.family("superd_group_generation", Type::gauge,
              "The generation in force; 0 before the first.");
  for (const auto& group : facts.groups) {
    page.sample({{"group", group.name}}, static_cast<std::uint64_t>(group.generation));
  }
  page.family("superd_group_workers_wanted", Type::gauge, "Workers that the group is to have.");
  for (const auto& group : facts.groups) page.sample({{"group", group.name}}, group.wanted);
  page.family("superd_group_workers", Type::gauge, "Workers that are in a state.");
  for (const auto& group : facts.groups) {
    for (const core::WorkerState state : core::kWorkerStates) {
      const auto count = group.workers.find(state);
      page.sample({{"group", group.name}, {"state", name(state)}},
                  count == group.workers.end() ? 0 : count->second);
    }
  }
}

// The tally of each group that there is; one of which nothing was counted yet has an empty one.
template <class Tell>
void each_tally(const MetricsFacts& facts, Tell tell) {
  static const Tally::Group kNothing;
  for (const auto& group : facts.groups) {
    const auto found = facts.tallies.find(group.name);
    tell(group.name, found == facts.tallies.end() ? kNothing : found->second);
  }
}

void tell_counts(MetricsText& page, const MetricsFacts& facts, const char* label,
                 Tally::Counts Tally::Group::*counts) {
  each_tally(facts, [&](const std::string& group, const Tally::Group& tally) {
    for (const auto& [value, count] : tally.*counts) {
      page.sample({{"group", group}, {label, value}}, count);
    }
  });
}

void tell_durations(MetricsText& page, const MetricsFacts& facts,
                    wire::Histogram Tally::Group::*durations) {
  each_tally(facts, [&](const std::string& group, const Tally::Group& tally) {
    page.sample({{"group", group}}, tally.*durations, Tally::kBounds);
  });
}

void tell_tallies(MetricsText& page, const MetricsFacts& facts) {
  page.family("superd_worker_starts_total", Type::counter,
              "Processes that were to be started, by the first word of the cause.");
  tell_counts(page, facts, "reason", &Tally::Group::starts);
  page.family("superd_worker_exits_total", Type::counter,
              "Main processes that ended, by the first word of the cause; exit: nothing asked "
              "for it.");
  tell_counts(page, facts, "cause", &Tally::Group::exits);
  page.family("superd_worker_kills_total", Type::counter,
              "Processes that were ended by KILL, with all that was left of their tree.");
  each_tally(facts, [&](const std::string& group, const Tally::Group& tally) {
    page.sample({{"group", group}}, tally.kills);
  });
  page.family("superd_worker_oom_kills_total", Type::counter,
              "Main processes that the kernel killed because memory ran out.");
  each_tally(facts, [&](const std::string& group, const Tally::Group& tally) {
    page.sample({{"group", group}}, tally.oom_kills);
  });
  page.family("superd_worker_ready_duration_seconds", Type::histogram,
              "From the start of a process until it was ready.");
  tell_durations(page, facts, &Tally::Group::ready);
  page.family("superd_worker_stop_duration_seconds", Type::histogram,
              "From the stop signal until no process of the tree was left.");
  tell_durations(page, facts, &Tally::Group::stop);
  page.family("superd_worker_backoff_duration_seconds", Type::histogram,
              "The pauses before a process that had died was started again.");
  tell_durations(page, facts, &Tally::Group::backoff);
  page.family("superd_rolls_total", Type::counter, "Rolls that ended, by result.");
  each_tally(facts, [&](const std::string& group, const Tally::Group& tally) {
    for (const core::RollResult result : kRollResults) {
      const auto count = tally.rolls.find(name(result));
      page.sample({{"group", group}, {"result", name(result)}},
                  count == tally.rolls.end() ? 0 : count->second);
    }
  });
  page.family("superd_roll_duration_seconds", Type::histogram, "From a roll's begin to its end.");
  tell_durations(page, facts, &Tally::Group::roll);
}

void tell_logs(MetricsText& page, const MetricsFacts& facts) {
  const auto tell = [&](std::uint64_t logs::LogCounts::*count) {
    for (const auto& group : facts.groups) {
      const auto logs = facts.logs.find(group.name);
      page.sample({{"group", group.name}},
                  logs == facts.logs.end() ? 0 : logs->second.all().*count);
    }
  };
  page.family("superd_log_bytes_total", Type::counter, "Bytes that were written to log files.");
  tell(&logs::LogCounts::bytes);
  page.family("superd_log_lines_total", Type::counter,
              "Lines of output that were read; those of format raw are not counted.");
  tell(&logs::LogCounts::lines);
  page.family("superd_log_dropped_bytes_total", Type::counter,
              "Bytes of output that were lost before they came into a log file.");
  tell(&logs::LogCounts::dropped);
}

template <class Value>
void tell_workers(MetricsText& page, const MetricsFacts& facts,
                  Value MetricsFacts::Worker::*value) {
  for (const auto& worker : facts.workers) {
    page.sample({{"group", worker.group}, {"worker", worker.name}}, worker.*value);
  }
}

void tell_processes(MetricsText& page, const MetricsFacts& facts) {
  page.family("superd_worker_processes", Type::gauge, "Living processes of the worker's tree.");
  tell_workers(page, facts, &MetricsFacts::Worker::processes);
  page.family("superd_worker_memory_bytes", Type::gauge,
              "Memory of the worker's processes: their proportional share where it can be read, "
              "else what is resident.");
  tell_workers(page, facts, &MetricsFacts::Worker::memory_bytes);
  page.family("superd_worker_cpu_seconds_total", Type::counter,
              "CPU time of the worker's processes; begins anew with the next supervisor.");
  tell_workers(page, facts, &MetricsFacts::Worker::cpu_seconds);
  page.family("superd_worker_open_fds", Type::gauge,
              "Open file descriptors of the worker's processes.");
  for (const auto& worker : facts.workers) {
    if (!worker.open_fds) continue;
    page.sample({{"group", worker.group}, {"worker", worker.name}}, *worker.open_fds);
  }
}

void tell_listeners(MetricsText& page, const MetricsFacts& facts) {
  page.family("superd_listen_queue_length", Type::gauge,
              "Connections to the socket that nobody has accepted yet.");
  for (const auto& listener : facts.listeners) {
    page.sample({{"group", listener.group}, {"listener", listener.address}},
                std::uint64_t{listener.queue.length});
  }
  page.family("superd_listen_queue_limit", Type::gauge,
              "How many may wait in the socket, as the kernel took its backlog.");
  for (const auto& listener : facts.listeners) {
    page.sample({{"group", listener.group}, {"listener", listener.address}},
                std::uint64_t{listener.queue.limit});
  }
}

// By the names that every program has.
void tell_own(MetricsText& page, const MetricsFacts::Own& own) {
  page.family("process_cpu_seconds_total", Type::counter, "CPU time of the supervisor process.");
  page.sample({}, own.usage.cpu_seconds);
  page.family("process_start_time_seconds", Type::gauge,
              "When the supervisor process began, in Unix time.");
  page.sample({}, own.started);
  page.family("process_resident_memory_bytes", Type::gauge,
              "Resident memory of the supervisor process.");
  page.sample({}, own.usage.resident_bytes);
  page.family("process_virtual_memory_bytes", Type::gauge,
              "Virtual memory of the supervisor process.");
  page.sample({}, own.usage.virtual_bytes);
  page.family("process_open_fds", Type::gauge, "Open file descriptors of the supervisor process.");
  if (own.open_fds) page.sample({}, *own.open_fds);
  page.family("process_max_fds", Type::gauge,
              "How many file descriptors the supervisor process may open.");
  page.sample({}, own.max_fds);
}

}  // namespace

std::string metrics_page(const MetricsFacts& facts) {
  MetricsText page;
  tell_superd(page, facts);
  tell_groups(page, facts);
  tell_tallies(page, facts);
  tell_logs(page, facts);
  tell_processes(page, facts);
  tell_listeners(page, facts);
  if (facts.own) tell_own(page, *facts.own);
  return page.take();
}

}  // namespace superd::daemon
