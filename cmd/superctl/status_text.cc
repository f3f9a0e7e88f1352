#include "status_text.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"
#include "client/printable.h"

namespace superd::superctl {
namespace {

using client::Align;
using client::Cell;
using client::ExitCode;
using client::Tone;

enum class Up { yes, no };
std::string uptime(Up up, std::int64_t seconds) {
  return up == Up::no ? "" : human_duration(std::chrono::seconds(seconds));
}

// Nothing for a generation that never was.
std::string number(int generation) { return generation == 0 ? "" : std::to_string(generation); }

template <class T>
std::string number(const std::optional<T>& value) {
  return value ? std::to_string(*value) : "";
}

// How the last process ended says something where nobody asked it to.
bool ended_by_itself(const wire::WorkerView& worker) {
  return worker.state == "backoff" || worker.state == "failed" || worker.state == "exited";
}

std::vector<Cell> worker_row(const wire::WorkerView& worker) {
  std::string detail = worker.detail;
  if (detail.empty() && worker.exit && ended_by_itself(worker)) detail = worker.exit->reason;
  const bool has_processes = worker.procs.value_or(0) > 0;
  return {{worker.name},
          {worker.state, tone_of_state(worker.state)},
          {number(worker.pid)},
          {number(worker.generation)},
          {uptime(worker.pid ? Up::yes : Up::no, worker.uptime_s)},
          {has_processes ? number(worker.procs) : ""},
          {has_processes && worker.memory_bytes ? human_size(*worker.memory_bytes) : ""},
          {std::to_string(worker.restarts)},
          {std::move(detail)}};
}

}  // namespace

std::string group_table(const std::vector<wire::GroupView>& groups, client::Colour colour) {
  client::Table table({{"GROUP"},
                       {"STATE"},
                       {"READY", Align::right},
                       {"GEN", Align::right},
                       {"UPTIME", Align::right},
                       {"RESTARTS", Align::right},
                       {"LISTEN"}});
  for (const auto& group : groups) {
    table.add({{group.name},
               {group.state, tone_of_state(group.state)},
               {fmt::format("{}/{}", group.ready, group.wanted)},
               {number(group.generation)},
               {uptime(group.state == "stopped" ? Up::no : Up::yes, group.uptime_s)},
               {std::to_string(group.restarts)},
               {fmt::format("{}", fmt::join(group.listen, ","))}});
  }
  return table.render(colour);
}

std::string looks_text(const std::string& because) {
  return "its triggers' paths are looked at every few seconds: " + because;
}

std::string group_notes(const std::vector<wire::GroupView>& groups) {
  std::string out;
  for (const auto& group : groups) {
    const std::string name = client::printable(group.name);
    if (group.held) out += fmt::format("{}: {}\n", name, client::printable(*group.held));
    if (group.looks_because) {
      out += fmt::format("{}: {}\n", name, client::printable(looks_text(*group.looks_because)));
    }
    if (group.repeats) out += fmt::format("{}: {}\n", name, client::printable(*group.repeats));
    if (group.deaf) out += fmt::format("{}: {}\n", name, client::printable(*group.deaf));
  }
  return out;
}

std::string queue_lines(const wire::GroupView& group) {
  std::string out;
  for (const auto& queue : group.queues.value_or(std::vector<wire::QueueView>{})) {
    out += client::printable(fmt::format("{} {}: accept queue {} of {}", group.name, queue.listener,
                                         queue.length, queue.limit)) +
           '\n';
  }
  return out;
}

std::string worker_table(const std::vector<wire::WorkerView>& workers, client::Colour colour) {
  client::Table table({{"WORKER"},
                       {"STATE"},
                       {"PID", Align::right},
                       {"GEN", Align::right},
                       {"UPTIME", Align::right},
                       {"PROCS", Align::right},
                       {"MEMORY", Align::right},
                       {"RESTARTS", Align::right},
                       {"DETAIL"}});
  for (const auto& worker : workers) {
    table.add(worker_row(worker));
    for (const auto& old : worker.draining) {
      table.add({{worker.name},
                 {"draining", tone_of_state("draining")},
                 {number(old.pid)},
                 {number(old.generation)},
                 {},
                 {},
                 {},
                 {},
                 {}});
    }
  }
  return table.render(colour);
}

std::string process_list(const wire::WorkerView& worker, const std::vector<wire::PidView>& pids) {
  std::string heading = client::printable(worker.name);
  if (worker.tracking) heading += fmt::format(" ({})", client::printable(*worker.tracking));
  if (worker.cpu_ms) {
    heading += fmt::format(", CPU {:.1f}s", static_cast<double>(*worker.cpu_ms) / 1000);
  }
  if (worker.memory_bytes) {
    heading += ", memory " + human_size(*worker.memory_bytes);
    if (worker.memory_measure) heading += " " + client::printable(*worker.memory_measure);
  }
  std::string out;
  for (const auto& process : pids) {
    if (process.worker != worker.name) continue;
    out += fmt::format("  {} {} {}\n", process.pid, wire::name(process.role),
                       client::printable(process.command));
  }
  return out.empty() ? "" : heading + '\n' + out;
}

Tone tone_of_state(const std::string& state) {
  if (state == "running" || state == "ready") return Tone::good;
  if (state == "stopped" || state == "exited") return Tone::faint;
  if (state == "failed" || state == "unkillable") return Tone::bad;
  return Tone::attention;
}

ExitCode exit_code_of_groups(const std::vector<wire::GroupView>& groups) {
  const bool as_meant = std::ranges::all_of(groups, &wire::GroupView::as_meant);
  return as_meant ? ExitCode::done : ExitCode::not_running;
}

ExitCode exit_code_of_named(const wire::GroupView& group) {
  const bool runs = group.state == "running" || group.state == "rolling";
  return runs ? ExitCode::done : ExitCode::not_running;
}

ExitCode exit_code_of_named(const wire::WorkerView& worker) {
  return worker.state == "ready" ? ExitCode::done : ExitCode::not_running;
}

}  // namespace superd::superctl
