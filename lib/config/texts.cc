#include "config/texts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "core/environment.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

using core::Placeholder;

constexpr std::string_view kExample = R"(["gunicorn", "app:app"])";

std::vector<std::string> split_command(const Field& field, const std::string& text) {
  auto words = split_words(text);
  if (words) return std::move(*words);
  field.error(fmt::format("{}, in {}", words.error().message, quoted(text)));
  return {};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_name(const Entry& entry, const Field& field) {
  if (entry.key.empty() || entry.key.find('=') != std::string::npos ||
      entry.key.find('\0') != std::string::npos) {
    field.error(fmt::format("{} cannot be the name of a variable", quoted(entry.key)));
  } else if (core::is_superd_variable(entry.key)) {
    field.error("superd sets this variable itself for every worker: use another name");
  }
}

bool names_socket(const std::string& text) {
  return core::uses_placeholder(text, Placeholder::fd) ||
         core::uses_placeholder(text, Placeholder::addr);
}

// Whether it names the address of a private socket where that is not known.
bool names_private(const std::string& text, const TextRules& rules) {
  const auto names = core::addr_names(text);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return contains(rules.private_names, name) && !contains(rules.addr_names, name);
  });
}

}  // namespace

void check_text(const Field& field, const std::string& text, const TextRules& rules) {
  if (rules.reader == TextRules::Reader::errand && core::uses_placeholder(text, Placeholder::fd)) {
    return field.error(
        fmt::format("{{fd:NAME}} cannot be used here: only a worker itself gets the sockets, in {}",
                    quoted(text)));
  }
  const core::PlaceholderScope scope{
      .allowed = {Placeholder::group, Placeholder::worker, Placeholder::generation, Placeholder::fd,
                  Placeholder::port, Placeholder::addr},
      .fd_names = rules.fd_names,
      .addr_names = rules.addr_names};
  const auto status = core::check_placeholders(text, scope);
  if (!status) {
    // The socket that is named may be one of those nobody could read.
    if (rules.incomplete && names_socket(text)) return;
    if (names_private(text, rules)) {
      return field.error(
          fmt::format("only the command and the environment of a worker can name the address of a "
                      "private socket, which differs for each process, in {}",
                      quoted(text)));
    }
    if (!rules.ready_by_fd && contains(core::fd_names(text), core::kReadyFd)) {
      return field.error(
          fmt::format("{{fd:ready}} needs ready.when = \"fd\", in {}", quoted(text)));
    }
    return field.error(fmt::format("{}, in {}", status.error().message, quoted(text)));
  }
  if (!rules.has_port && !rules.incomplete && core::uses_placeholder(text, Placeholder::port)) {
    field.error(
        fmt::format("{{port}} needs port_base, the port of the first worker, in {}", quoted(text)));
  }
}

std::optional<std::string> read_checked_text(const Field& field, const TextRules& rules,
                                             std::string_view wanted) {
  auto text = field.filled_text(wanted);
  if (text) check_text(field, *text, rules);
  return text;
}

std::vector<std::string> read_command(const Field& field, const TextRules& rules) {
  std::vector<std::string> words;
  if (const auto* text = field.as<std::string>()) {
    if (!field.text()) return {};
    words = split_command(field, *text);
    if (words.empty() && trim(*text).empty()) field.error("the command is empty: name a program");
    for (const auto& word : words) check_text(field, word, rules);
  } else if (const auto* array = field.as<Array>()) {
    if (array->empty()) field.error("the command is empty: name a program");
    for (const Field& element : field.elements(kExample).value_or(std::vector<Field>{})) {
      words.push_back(element.text().value_or(""));
      check_text(element, words.back(), rules);
    }
    const bool no_program = !array->empty() && words.front().empty() &&
                            std::holds_alternative<std::string>(array->front().data);
    if (no_program) field.error("the name of the program is empty");
  } else {
    field.wrong("an array of strings, or one string", fmt::format("write {}", kExample));
  }
  return words;
}

std::vector<core::EnvEntry> read_env(const TableReader& table, const TextRules& rules) {
  std::vector<core::EnvEntry> env;
  for (const Entry& entry : table.entries()) {
    const Field field = table.field(entry);
    check_name(entry, field);
    const auto value = field.text();
    if (!value) continue;
    check_text(field, *value, rules);
    env.push_back({.name = entry.key, .value = *value});
  }
  return env;
}

}  // namespace superd::config
