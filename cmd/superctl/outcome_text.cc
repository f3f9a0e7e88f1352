#include "outcome_text.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/units.h"
#include "client/printable.h"

namespace superd::superctl {
namespace {

using client::ExitCode;
using wire::Verdict;

constexpr int kWithOutput = 3;  // workers whose last lines are shown

std::string done_word(const std::string& action) {
  if (action == "start") return "started";
  if (action == "stop") return "stopped";
  if (action == "restart") return "restarted";
  if (action == "signal") return "signalled";
  if (action == "reload") return "told to reload";
  if (action == "hold") return "held";
  if (action == "release") return "released";
  return action + " done";
}

// `0.3s`, `12.0s`, `2m5s`
std::string duration(std::chrono::nanoseconds took) {
  if (took >= std::chrono::minutes(1)) return human_duration(took);
  return fmt::format("{:.1f}s", std::chrono::duration<double>(took).count());
}

std::ptrdiff_t count_done(const wire::OutcomeView& outcome) {
  return std::ranges::count(outcome.workers, Verdict::done, &wire::WorkerOutcomeView::result);
}

bool is_over(const wire::WorkerView& worker) {
  return worker.state == "stopped" || worker.state == "exited" || worker.state == "failed";
}

const char* why_not(Verdict verdict) {
  switch (verdict) {
    case Verdict::done:
      return "is done";
    case Verdict::failed:
      return "failed";
    case Verdict::timed_out:
      return "is not done yet; the work goes on";
    case Verdict::superseded:
      return "was overtaken by another command";
  }
  std::abort();
}

}  // namespace

std::string summary(const std::string& label, const wire::OutcomeView& outcome,
                    std::chrono::nanoseconds took) {
  std::string line = fmt::format("{}: {}", label, done_word(outcome.action));
  const auto done = count_done(outcome);
  if (outcome.action == "signal" || outcome.action == "reload") {
    line += fmt::format(" ({} worker{})", done, done == 1 ? "" : "s");
  } else if (outcome.action == "restart" && label == outcome.group) {
    line += fmt::format(" ({} worker{}, generation {}, {})", done, done == 1 ? "" : "s",
                        outcome.generation, duration(took));
  } else if (outcome.action == "start" && label == outcome.group) {
    line += fmt::format(" ({} ready)", done);
  }
  if (!outcome.message.empty()) line += "; " + client::printable(outcome.message);
  return line;
}

std::vector<std::string> complaints(const std::string& label, const wire::OutcomeView& outcome) {
  std::vector<std::string> lines;
  int shown = 0;
  for (const auto& worker : outcome.workers) {
    if (worker.result == Verdict::done) continue;
    const std::string why = worker.message.empty() ? why_not(worker.result) : worker.message;
    lines.push_back(client::printable(fmt::format("{}: {}", worker.name, why)));
    if (worker.output.empty() || ++shown > kWithOutput) continue;
    for (const auto& line : worker.output) lines.push_back("  " + client::printable_line(line));
  }
  for (const auto& line : outcome.before.value_or(std::vector<std::string>())) {
    lines.push_back("  " + client::printable_line(line));
  }
  if (!outcome.message.empty()) {
    lines.push_back(client::printable(fmt::format("{}: {}", label, outcome.message)));
  } else if (lines.empty() || outcome.workers.size() > 1) {
    lines.push_back(fmt::format("{}: {} {} ({} of {} done)", label, outcome.action,
                                why_not(outcome.result), count_done(outcome),
                                outcome.workers.size()));
  }
  return lines;
}

ExitCode exit_code_of(const wire::OutcomeView& outcome) {
  switch (outcome.result) {
    case Verdict::done:
      return ExitCode::done;
    case Verdict::failed:
    case Verdict::superseded:
      return ExitCode::failed;
    case Verdict::timed_out:
      return ExitCode::timed_out;
  }
  std::abort();
}

std::string progress_of(const std::string& action, const std::string& label,
                        const std::vector<wire::WorkerView>& workers) {
  if (action == "stop") {
    return fmt::format("{}: {} left", label,
                       std::ranges::count_if(workers, [](const auto& w) { return !is_over(w); }));
  }
  const auto ready = std::ranges::count(workers, "ready", &wire::WorkerView::state);
  return fmt::format("{}: {}/{} ready", label, ready, workers.size());
}

}  // namespace superd::superctl
