#include "why_text.h"

#include <fmt/format.h>

#include "client/printable.h"
#include "roll_text.h"
#include "status_text.h"

namespace superd::superctl {
namespace {

std::string headline(const wire::HistoryView& history, client::Colour colour) {
  std::string line = fmt::format(
      "{} is {}", client::printable(history.name),
      client::paint(client::printable(history.state), tone_of_state(history.state), colour));
  if (!history.since.empty()) line += " since " + client::printable(history.since);
  if (!history.cause.empty()) line += ": " + client::printable(history.cause);
  return line + '\n';
}

// `ready -> backoff  exited with status 1, pid 4711 (exit)`
std::string transition_line(const wire::TransitionView& change) {
  std::string line = fmt::format("    {}  {} -> {}", change.time, change.from, change.to);
  std::string what = change.message;
  if (what.empty() && change.exit) what = change.exit->reason;
  if (!what.empty()) line += "  " + what;
  if (change.pid) line += fmt::format("{}pid {}", what.empty() ? "  " : ", ", *change.pid);
  if (!change.cause.empty()) line += fmt::format(" ({})", change.cause);
  return client::printable(line) + '\n';
}

std::string details(const wire::HistoryView& history) {
  std::string out;
  if (history.exit) {
    out += fmt::format("  last process: {}\n", client::printable(history.exit->reason));
  }
  if (history.held) out += fmt::format("  {}\n", client::printable(*history.held));
  if (history.looks_because) {
    out += fmt::format("  {}\n", client::printable(looks_text(*history.looks_because)));
  }
  if (history.repeats) out += fmt::format("  {}\n", client::printable(*history.repeats));
  if (!history.next.empty()) out += fmt::format("  next: {}\n", client::printable(history.next));
  if (!history.transitions.empty()) out += "  what happened:\n";
  for (const auto& change : history.transitions) out += transition_line(change);
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

std::string why_text(const wire::HistoryView& history, client::Colour colour) {
  std::string out = headline(history, colour) + details(history);
  if (history.roll) out += roll_story(*history.roll);
  for (const auto& worker : history.workers) {
    out += headline(worker, colour);
    if (!is_well(worker)) out += details(worker);
  }
  return out;
}

}  // namespace superd::superctl
