#include "roll_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/printable.h"

namespace superd::superctl {
namespace {

constexpr std::size_t kSteps = 20;  // the last ones tell how it ended

const std::string& subject(const wire::RollView& roll, const wire::RollStepView& step) {
  return step.worker.empty() ? roll.group : step.worker;
}

std::string label(const wire::RollView& roll) { return roll.worker.value_or(roll.group); }

// `roll 12 (command uid=0 pid=5): began …, makes generation 8, ended …: rolled-back`
std::string headline(const wire::RollView& roll) {
  std::string line = fmt::format("roll {} ({}): began {}", roll.id, roll.cause, roll.began);
  if (roll.generation > 0) line += fmt::format(", makes generation {}", roll.generation);
  if (roll.result) line += fmt::format(", ended {}: {}", roll.ended, *roll.result);
  return line;
}

void add(std::string& out, const std::string& indent, const std::string& line) {
  out += indent + client::printable(line) + '\n';
}

void add_output(std::string& out, const std::vector<std::string>& lines) {
  for (const auto& line : lines) out += "      " + client::printable_line(line) + '\n';
}

}  // namespace

std::string step_line(const wire::RollView& roll, const wire::RollStepView& step) {
  for (const char* begun : {"before", "rehearsing", "starting", "returning", "gone"}) {
    if (step.kind == begun) return "";
  }
  return client::printable(fmt::format("{}: {}", subject(roll, step), step.message));
}

std::string now_line(const wire::RollView& roll) {
  if (roll.waits_for) {
    return client::printable(fmt::format("{}: waits for roll {}", label(roll), *roll.waits_for));
  }
  std::string line = fmt::format("{}: {} of {} replaced", label(roll), roll.replaced, roll.workers);
  if (!roll.steps.empty()) {
    const auto& step = roll.steps.back();
    // That it is ready is told by the line before; from then on the old one is waited for.
    line += fmt::format("; {}: {}", subject(roll, step),
                        step.kind == "ready" ? "its old process leaves" : step.message);
  }
  return client::printable(line);
}

std::string roll_story(const wire::RollView& roll) {
  std::string out;
  add(out, "  ", (roll.result ? "last " : "") + headline(roll));
  if (!roll.message.empty()) add(out, "    ", roll.message);
  const std::size_t hidden = roll.steps.size() > kSteps ? roll.steps.size() - kSteps : 0;
  if (const auto before = hidden + roll.left_out.value_or(0); before > 0) {
    add(out, "    ", fmt::format("({} step{} before)", before, before == 1 ? "" : "s"));
  }
  for (std::size_t i = hidden; i < roll.steps.size(); ++i) {
    const auto& step = roll.steps[i];
    add(out, "    ", fmt::format("{}  {}: {}", step.time, subject(roll, step), step.message));
  }
  if (roll.before) {
    const bool rehearsed = std::any_of(roll.steps.begin(), roll.steps.end(),
                                       [](const auto& step) { return step.kind == "rehearsing"; });
    add(out, "    ", rehearsed ? "the rehearsal wrote last:" : "roll.before wrote last:");
    add_output(out, *roll.before);
  }
  for (const auto& failed : roll.failed) {
    if (failed.output.empty()) continue;
    add(out, "    ", failed.name + " wrote last:");
    add_output(out, failed.output);
  }
  return out;
}

}  // namespace superd::superctl
