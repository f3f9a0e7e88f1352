#include "config/runner_key.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/source.h"

namespace superd::config {
namespace {

using Wanted = std::optional<Runner>;

constexpr Choice<Wanted> kRunners[] = {
    {"auto", std::nullopt},           {"none", Runner::none},
    {"gunicorn", Runner::gunicorn},   {"uwsgi", Runner::uwsgi},
    {"waitress", Runner::waitress},   {"uvicorn", Runner::uvicorn},
    {"hypercorn", Runner::hypercorn}, {"cheroot", Runner::cheroot},
    {"mod_wsgi", Runner::mod_wsgi},   {"apache", Runner::mod_wsgi},
    {"daphne", Runner::daphne},       {"twist", Runner::twist},
    {"puma", Runner::puma},           {"unicorn", Runner::unicorn},
    {"php-fpm", Runner::php_fpm},     {"node", Runner::node},
    {"gevent", Runner::gevent},       {"wsgiref", Runner::wsgiref}};

Result<std::string> read_text(const std::string& path) {
  auto source = read_source(path);
  if (!source) {
    return fail(fmt::format("cannot read {}: {}", path, source.error().message),
                source.error().code);
  }
  return std::move(source->text);
}

const Entry* find_entry(const Table& table, std::string_view key) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == table.end() ? nullptr : &*found;
}

// Of `stop.timeout` in the group's table, or of a word of its command; the group's own where the
// key is not there.
core::Place place_of(const TableReader& group, const RunnerWarning& warning) {
  const Table* table = &group.entries();
  const Entry* entry = nullptr;
  for (const std::string& part : split(warning.key, '.')) {
    entry = table == nullptr ? nullptr : find_entry(*table, part);
    table = entry == nullptr ? nullptr : std::get_if<Table>(&entry->value.data);
  }
  if (entry == nullptr) return group.place();
  const auto* words = std::get_if<Array>(&entry->value.data);
  const bool is_word = warning.key == "command" && words != nullptr && warning.word < words->size();
  return is_word ? (*words)[warning.word].place : entry->value.place;
}

}  // namespace

void read_runner(TableReader& table, const Context& context, PlacedGroup& group) {
  Wanted wanted;
  table.read("runner", wanted, kRunners);
  // Half a file's words are not those that will run.
  if (!group.spec.command.empty() && !context.incomplete) {
    group.runner = choose_runner(wanted, group.spec, read_text);
    apply_preset(group.runner, group.spec);
  }
  if (const auto field = table.field("reload_signal")) {
    if (const auto signal = field->signal()) group.spec.reload_signal = signal;
  }
}

void finish_runner(const TableReader& table, PlacedGroup& group) {
  finish_preset(group.runner, group.spec);
  for (const RunnerWarning& warning : group.runner.warnings) {
    group.warnings.push_back({.place = place_of(table, warning),
                              .message = printable(fmt::format("{}.{}: {}", table.path(),
                                                               warning.key, warning.message))});
  }
}

}  // namespace superd::config
