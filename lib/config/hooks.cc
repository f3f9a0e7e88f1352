#include "config/hooks.h"

#include <string>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {
namespace {

constexpr const char* kOnExample = R"(["worker.exited", "group.failed"])";
constexpr const char* kRunExample = R"(["/usr/local/bin/page-me"])";

std::vector<std::string> all_kinds() {
  std::vector<std::string> names;
  for (const core::OccurrenceKind kind : core::kOccurrenceKinds) {
    names.emplace_back(core::name(kind));
  }
  return names;
}

void read_kind(const Field& field, core::HookSpec& hook) {
  const auto text = field.filled_text("a kind of event");
  if (!text) return;
  bool any = false;
  for (const core::OccurrenceKind kind : core::kOccurrenceKinds) {
    if (!glob_match(*text, core::name(kind))) continue;
    hook.on.insert(kind);
    any = true;
  }
  if (any) return;
  field.error(
      fmt::format("unknown kind of event {}{}", quoted(*text), did_you_mean(*text, all_kinds())));
}

void read_on(TableReader& table, core::HookSpec& hook) {
  const auto field = table.field("on");
  if (!field) {
    table.problems().add(table.place(),
                         fmt::format("[[hook]] has no \"on\": add on = {}", kOnExample));
    return;
  }
  const auto elements = field->elements(kOnExample);
  if (!elements) return;
  if (elements->empty()) field->error(fmt::format("no kind of event: write {}", kOnExample));
  for (const Field& element : *elements) read_kind(element, hook);
}

void read_run(TableReader& table, core::HookSpec& hook) {
  const auto field = table.field("run");
  if (!field) {
    table.problems().add(table.place(),
                         fmt::format("[[hook]] has no \"run\": add run = {}", kRunExample));
    return;
  }
  const auto words = field->texts(kRunExample);
  if (!words) return;
  if (words->empty() || words->front().empty()) return field->error("name a program");
  hook.run = *words;
}

}  // namespace

void read_hooks(const Field& field, const Context& context, std::vector<core::HookSpec>& hooks) {
  if (field.as<Array>() == nullptr) return field.wrong("tables", "write [[hook]]");
  for (const Field& element : field.elements("[[hook]]").value_or(std::vector<Field>{})) {
    auto table = as_table(element);
    if (!table) continue;
    core::HookSpec hook{.on = {}, .run = {}, .directory = context.directory};
    read_on(*table, hook);
    read_run(*table, hook);
    table->finish();
    if (!hook.on.empty() && !hook.run.empty()) hooks.push_back(std::move(hook));
  }
}

}  // namespace superd::config
