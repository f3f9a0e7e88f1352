#include "config/ready_log.h"

#include <fmt/format.h>

#include "base/pattern.h"

namespace superd::config {

using core::ReadyWhen;

void read_match(TableReader& ready, const TextRules& rules, core::ReadySpec& spec) {
  const auto when = ready.field("when");
  const auto match = ready.field("match");
  if (!match) {
    if (!when || spec.when != ReadyWhen::log || rules.incomplete) return;
    return when->error(
        "\"log\" needs match = \"REGEX\", which is found in a line of the worker's output once it "
        "serves");
  }
  const auto text = match->filled_text("a regular expression");
  if (text) {
    const auto pattern = Pattern::compile(*text);
    if (!pattern) match->error("no regular expression: " + pattern.error().message);
    spec.match = *text;
  }
  if (!when && spec.when == ReadyWhen::automatic) {
    spec.when = ReadyWhen::log;
  } else if (spec.when != ReadyWhen::log && !rules.incomplete) {
    match->error("a line is looked for only with when = \"log\": write that, or leave it out");
  }
}

void check_output_is_seen(TableReader& log, const core::GroupSpec& group) {
  const auto output = log.field("output");
  if (!output || group.ready.when != ReadyWhen::log) return;
  if (group.log.output != core::LogOutput::inherit) return;
  output->error(
      "with \"inherit\" the output goes past superd, and ready.when = \"log\" looks in it: write "
      "\"file\" or \"discard\", or choose another way of being ready");
}

}  // namespace superd::config
