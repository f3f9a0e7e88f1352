#include "config/trigger.h"

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

using core::Duration;
using core::Placeholder;
using core::TriggerAction;

constexpr std::string_view kPathsExample = R"(["app.wsgi", "conf/*.ini", "src/"])";
constexpr std::string_view kIgnoreExample = R"(["*.log", "tmp/"])";
constexpr std::string_view kActions = R"("restart", "reload", "stop", "start" or "signal HUP")";
constexpr std::string_view kSignal = "signal ";
constexpr Choice<TriggerAction::Kind> kPlainActions[] = {{"restart", TriggerAction::Kind::restart},
                                                         {"reload", TriggerAction::Kind::reload},
                                                         {"stop", TriggerAction::Kind::stop},
                                                         {"start", TriggerAction::Kind::start}};
enum class When { now, next_request };
constexpr Choice<When> kWhen[] = {{"now", When::now}, {"next-request", When::next_request}};
// Longer than this nobody means.
constexpr Duration kLongestSettle = std::chrono::hours(1);
constexpr Duration kShortestPoll = std::chrono::milliseconds(100);

// What stands in a path that is watched: the same for every generation, and for every process.
void check_path(const Field& field, const std::string& path, const TextRules& rules,
                const std::string& directory) {
  const core::PlaceholderScope scope{.allowed = {Placeholder::group, Placeholder::worker},
                                     .fd_names = {}};
  if (const auto checked = core::check_placeholders(path, scope); !checked) {
    return field.error(fmt::format("{}, in {}", checked.error().message, quoted(path)));
  }
  if (path.starts_with('/') || rules.incomplete) return;
  if (const auto checked = core::check_placeholders(directory, scope); !checked) {
    field.error(
        fmt::format("{} is relative to the group's directory {}, which is not the same for all its "
                    "processes: write an absolute path",
                    quoted(path), quoted(directory)));
  }
}

std::vector<std::string> read_paths(const Field& field, const TextRules& rules,
                                    const core::GroupSpec& group) {
  std::vector<std::string> paths;
  const auto elements = field.elements(kPathsExample);
  if (!elements) return paths;
  if (elements->empty()) field.error(fmt::format("no path: write {}", kPathsExample));
  for (const Field& element : *elements) {
    const auto path = element.filled_text("a path");
    if (!path) continue;
    check_path(element, *path, rules, group.directory);
    paths.push_back(*path);
  }
  return paths;
}

std::vector<std::string> read_ignore(const Field& field) {
  std::vector<std::string> patterns;
  for (const Field& element : field.elements(kIgnoreExample).value_or(std::vector<Field>{})) {
    const auto pattern = element.filled_text("a pattern");
    if (!pattern) continue;
    if (pattern->find_first_not_of('/') == std::string::npos) {
      element.error("this ignores nothing: write a name, or a path");
    }
    patterns.push_back(*pattern);
  }
  return patterns;
}

std::optional<TriggerAction> read_signal(const Field& field, std::string_view text) {
  const auto signal = parse_signal(trim(text));
  if (!signal) {
    field.error(signal.error().message);
    return std::nullopt;
  }
  return TriggerAction{.kind = TriggerAction::Kind::signal, .signal = *signal};
}

void read_action(const Field& field, const TextRules& rules, const core::GroupSpec& group,
                 TriggerAction& action) {
  const auto* text = field.as<std::string>();
  if (text == nullptr) return field.wrong(kActions);
  if (text->starts_with(kSignal)) {
    action = read_signal(field, std::string_view(*text).substr(kSignal.size())).value_or(action);
    return;
  }
  for (const auto& [name, kind] : kPlainActions) {
    if (*text == name) {
      action = {.kind = kind};
      const bool reloads = kind == TriggerAction::Kind::reload;
      if (reloads && !group.reload_signal && !rules.incomplete) {
        field.error(
            "the group has no reload_signal: add reload_signal = \"HUP\" if its program reloads by "
            "that signal, or restart it");
      }
      return;
    }
  }
  std::vector<std::string> names{"signal HUP"};
  for (const auto& choice : kPlainActions) names.emplace_back(choice.name);
  const auto near = closest_match(*text, names);
  field.wrong(kActions, near ? fmt::format("did you mean {}?", quoted(*near)) : "");
}

void read_when(TableReader& table, const TextRules& rules, const core::GroupSpec& group,
               TriggerAction& action) {
  When when = When::now;
  table.read("when", when, kWhen);
  if (when == When::now) return;
  const Field field = *table.field("when");
  if (action.kind != TriggerAction::Kind::restart) {
    return field.error(
        "the next request can start new processes and nothing else: remove the "
        "action, which is to restart then, or write when = \"now\"");
  }
  if (!core::has_shared_socket(group) && !rules.incomplete) {
    return field.error(
        "no request comes to a group without a socket of its own: add listen = "
        "[\"127.0.0.1:8000\"], or write when = \"now\"");
  }
  action.kind = TriggerAction::Kind::restart_at_request;
}

core::TriggerSpec read_trigger(TableReader table, const TextRules& rules,
                               const core::GroupSpec& group) {
  core::TriggerSpec trigger;
  if (const auto field = table.field("paths")) {
    trigger.paths = read_paths(*field, rules, group);
  } else if (!rules.incomplete) {
    table.problems().add(table.place(), fmt::format("[[{}]] has no paths: add paths = {}",
                                                    table.path(), kPathsExample));
  }
  if (const auto field = table.field("ignore")) trigger.ignore = read_ignore(*field);
  if (const auto field = table.field("action")) read_action(*field, rules, group, trigger.action);
  read_when(table, rules, group, trigger.action);
  table.read("settle", trigger.settle);
  if (trigger.settle > kLongestSettle) {
    table.field("settle")->error(fmt::format("{} is longer than {}", print_duration(trigger.settle),
                                             print_duration(kLongestSettle)));
  }
  table.read("content", trigger.content);
  table.read("poll", trigger.poll);
  if (trigger.poll > Duration(0) && trigger.poll < kShortestPoll) {
    table.field("poll")->error(
        fmt::format("looking every {} would keep a processor busy: write {} "
                    "or more, or 0s to wait for events alone",
                    print_duration(trigger.poll), print_duration(kShortestPoll)));
  }
  table.finish();
  return trigger;
}

}  // namespace

std::vector<core::TriggerSpec> read_triggers(const Field& field, const TextRules& rules,
                                             const core::GroupSpec& group) {
  std::vector<core::TriggerSpec> triggers;
  if (field.as<Array>() == nullptr) {
    field.wrong("tables", fmt::format("write [[{}]]", field.path()));
    return triggers;
  }
  for (const Field& element : field.elements("").value_or(std::vector<Field>{})) {
    if (auto table = as_table(element)) triggers.push_back(read_trigger(*table, rules, group));
  }
  return triggers;
}

void read_hold_file(const Field& field, const TextRules& rules, core::GroupSpec& group) {
  const auto path = field.filled_text("a path");
  if (!path) return;
  check_path(field, *path, rules, group.directory);
  group.hold_file = *path;
}

}  // namespace superd::config
