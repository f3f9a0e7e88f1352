#include "why_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time_text.h"
#include "base/units.h"
#include "client/printable.h"
#include "happening_text.h"
#include "roll_text.h"
#include "status_text.h"

namespace superd::superctl {
namespace {

bool is_group(const wire::HistoryView& history) { return history.wanted.has_value(); }

// `since 2026-01-01T00:00:02Z (12s ago)`
std::string since_text(const std::string& since, const Telling& telling) {
  if (since.empty()) return "";
  const auto time = parse_time(since);
  // Another machine's clock, or one that was set back.
  if (!time || *time > telling.now) return " since " + since;
  const auto ago = std::chrono::floor<std::chrono::seconds>(telling.now - *time);
  return fmt::format(" since {} ({} ago)", since, human_duration(ago));
}

std::string by(const wire::HistoryView& history, const Telling& telling) {
  return history.cause.empty() ? "" : "by " + cause_text(history.cause, telling.user_name);
}

// What became of its process, which superd told without a subject.
std::string fate(const wire::HistoryView& worker) {
  std::string message = worker.message.value_or(worker.exit ? worker.exit->reason : "");
  for (const char* verb : {"exited ", "was ", "ended"}) {
    if (message.starts_with(verb)) return "its process " + message;
  }
  return message;
}

// Whether it is in its state because its process ended, or had to.
bool is_about_an_end(const wire::HistoryView& worker) {
  const std::string& state = worker.state;
  if (state == "backoff" || state == "failed" || state == "exited") return true;
  const bool waits = worker.message && worker.message->starts_with("waits ");
  return (state == "starting" || state == "stopping") && worker.cause == "exit" && !waits;
}

std::string ready_clause(const wire::HistoryView& worker, const Telling& telling) {
  std::string text = worker.pid ? fmt::format("process {}", *worker.pid) : "its process";
  if (worker.generation) text += fmt::format(" of generation {}", *worker.generation);
  if (worker.message) text += " " + *worker.message;
  if (worker.cause == "exit") return text + ", started because the one before had ended";
  return worker.cause.empty() ? text : text + ", started " + by(worker, telling);
}

std::string starting_clause(const wire::HistoryView& worker, const Telling& telling) {
  const std::string message = worker.message.value_or("");
  return by(worker, telling) + (message.empty() ? "" : "; it " + message);
}

std::string worker_clause(const wire::HistoryView& worker, const Telling& telling) {
  const std::string& state = worker.state;
  if (state == "ready") return ready_clause(worker, telling);
  if (state == "exited") return fate(worker) + "; by respawn.policy it is not started again";
  if (state == "unkillable" || is_about_an_end(worker)) return fate(worker);
  if (state == "starting") return starting_clause(worker, telling);
  if (state == "stopped" && worker.cause.empty()) return "it was not started since superd began";
  return by(worker, telling);
}

std::string group_clause(const wire::HistoryView& group, const Telling& telling) {
  if (group.state == "stopped") {
    return group.cause.empty() ? "it was not started since superd began" : by(group, telling);
  }
  std::string ready =
      fmt::format("{} of {} workers are ready", group.ready.value_or(0), *group.wanted);
  if (group.cause.empty()) return ready;
  if (group.state == "stopping") return by(group, telling);
  if (group.state == "waiting") {
    return "no worker runs, its sockets are held, " + by(group, telling);
  }
  return ready + "; last started or restarted " + by(group, telling);
}

std::string headline(const wire::HistoryView& history, const Telling& telling) {
  std::string line = fmt::format(
      "{} is {}{}", client::printable(history.name),
      client::paint(client::printable(history.state), tone_of_state(history.state), telling.colour),
      client::printable(since_text(history.since, telling)));
  const std::string clause =
      is_group(history) ? group_clause(history, telling) : worker_clause(history, telling);
  if (!clause.empty()) line += ": " + client::printable(clause);
  return line + '\n';
}

std::string remark(const std::string& text) {
  return fmt::format("  {}\n", client::printable(text));
}

// What superd does next, or what a person can do where it does nothing.
std::string next(const wire::HistoryView& history) {
  if (!history.next.empty()) return remark("next: " + history.next);
  const std::string& state = history.state;
  if (state == "stopped" || state == "failed" || state == "exited") {
    return remark(
        fmt::format("next: nothing by itself; superctl start {} starts it", history.name));
  }
  if (state == "unkillable") {
    return remark("next: nothing; the kernel holds its process, and lets it go or not");
  }
  return "";
}

std::string draining(const wire::HistoryView& worker) {
  std::string out;
  for (const auto& old : worker.draining.value_or(std::vector<wire::DrainingView>{})) {
    const std::string process =
        old.pid ? fmt::format("old process {}", *old.pid) : "what an old process left behind";
    out += remark(fmt::format("{} of generation {} still finishes what it does (draining)", process,
                              old.generation));
  }
  return out;
}

// Where a roll left them by different recipes: `mixed: generation 7: web.2; generation 8: web.1`.
std::string generations(const wire::HistoryView& group) {
  if (group.state == "rolling") return "";
  std::map<int, std::vector<std::string>> workers;
  for (const auto& worker : group.workers) {
    if (worker.generation) workers[*worker.generation].push_back(worker.name);
  }
  if (workers.size() < 2) return "";
  std::vector<std::string> parts;
  parts.reserve(workers.size());
  for (const auto& [generation, names] : workers) {
    parts.push_back(fmt::format("generation {}{}: {}", generation,
                                generation == group.generation ? " (in force)" : "",
                                fmt::join(names, " ")));
  }
  return remark(fmt::format("its workers are mixed: {}", fmt::join(parts, "; ")));
}

std::string before(const wire::HistoryView& worker) {
  std::string out;
  if (worker.exit && !is_about_an_end(worker)) {
    out += remark("the last process that ended " + worker.exit->reason);
  }
  if (const auto restarts = worker.restarts.value_or(0); restarts > 0) {
    out += remark(fmt::format("started again by superd {} time{} so far", restarts,
                              restarts == 1 ? "" : "s"));
  }
  return out;
}

std::string present(const wire::HistoryView& history) {
  std::string out = is_group(history) ? generations(history) : before(history);
  if (history.held) out += remark(*history.held);
  if (history.looks_because) out += remark(looks_text(*history.looks_because));
  if (history.repeats) out += remark(*history.repeats);
  if (history.deaf) out += remark(*history.deaf);
  return out + draining(history) + next(history);
}

std::string past(const wire::HistoryView& history, const Telling& telling) {
  std::string happened;
  for (const auto& event : history.events.value_or(std::vector<wire::OccurrenceView>{})) {
    happened += happening_line(event, telling.user_name);
  }
  std::string out = happened.empty() ? "" : "  what happened:\n" + happened;
  if (!history.output.empty()) out += "  last lines of output:\n";
  for (const auto& line : history.output) {
    out += fmt::format("    {}\n", client::printable_line(line));
  }
  return out;
}

bool is_well(const wire::HistoryView& worker) {
  return worker.state == "ready" || worker.state == "stopped";
}

}  // namespace

std::string why_text(const wire::HistoryView& history, const Telling& telling) {
  std::string out = headline(history, telling) + present(history);
  if (history.roll) out += roll_story(*history.roll);
  out += past(history, telling);
  for (const auto& worker : history.workers) {
    out += headline(worker, telling);
    out += is_well(worker) ? draining(worker) : present(worker) + past(worker, telling);
  }
  return out;
}

}  // namespace superd::superctl
