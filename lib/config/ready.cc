#include "config/ready.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "base/units.h"
#include "config/ready_http.h"
#include "config/ready_log.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

using core::Duration;
using core::ReadyWhen;

constexpr Choice<ReadyWhen> kWhen[] = {
    {"auto", ReadyWhen::automatic},      {"notify", ReadyWhen::notify},
    {"listening", ReadyWhen::listening}, {"delay", ReadyWhen::delay},
    {"exec", ReadyWhen::exec},           {"fd", ReadyWhen::fd},
    {"http", ReadyWhen::http},           {"log", ReadyWhen::log}};

bool names_ready_fd(const core::GroupSpec& group) {
  const auto names = [](const std::string& text) {
    const auto fds = core::fd_names(text);
    return std::find(fds.begin(), fds.end(), core::kReadyFd) != fds.end();
  };
  return std::any_of(group.command.begin(), group.command.end(), names) ||
         std::any_of(group.env.begin(), group.env.end(),
                     [&](const core::EnvEntry& entry) { return names(entry.value); });
}

// Of what a way needs, that which is not there. `when` is what asks for it.
void check_needs(const Field& when, const core::GroupSpec& group, bool has_command) {
  switch (group.ready.when) {
    case ReadyWhen::listening:
      if (!group.listen.empty()) return;
      return when.error(
          "a group without sockets cannot be seen to listen: add listen = [\"127.0.0.1:8000\"], or "
          "choose another way");
    case ReadyWhen::exec:
      if (has_command) return;
      return when.error(
          "\"exec\" needs command = [\"PROGRAM\", \"ARGUMENT\"], which exits with 0 once the "
          "worker "
          "serves");
    case ReadyWhen::fd:
      if (group.command.empty() || names_ready_fd(group)) return;
      return when.error(
          "\"fd\" needs {fd:ready} in the group's command or env: the number of the descriptor to "
          "which the worker writes a newline");
    case ReadyWhen::automatic:
    case ReadyWhen::notify:
    case ReadyWhen::delay:
    case ReadyWhen::log:  // by read_match
      return;
    case ReadyWhen::http:
      return check_http(when, group);
  }
  std::abort();
}

// Why a delay says nothing with this way; empty: it does.
std::string_view instead_of_delay(const core::GroupSpec& group) {
  switch (group.ready.when) {
    case ReadyWhen::automatic:
      return group.listen.empty() ? "" : "superd sees that a group with sockets listens";
    case ReadyWhen::notify:
    case ReadyWhen::fd:
      return "the worker says when it is ready";
    case ReadyWhen::log:
      return "a line of the worker's output tells when it is ready";
    case ReadyWhen::listening:
      return "superd sees that the worker listens";
    case ReadyWhen::exec:
      return "the command tells when the worker is ready";
    case ReadyWhen::http:
      return "superd asks the worker itself";
    case ReadyWhen::delay:
      return "";
  }
  std::abort();
}

void check_delay(TableReader& table, const core::GroupSpec& group) {
  const core::ReadySpec& ready = group.ready;
  const auto delay = table.field("delay");
  const std::string_view instead = instead_of_delay(group);
  if (!instead.empty()) {
    if (!delay) return;
    return delay->error(fmt::format("{}: leave the delay out, or write when = \"delay\"", instead));
  }
  if (ready.timeout <= Duration(0) || ready.delay <= ready.timeout) return;
  const auto place = delay ? *delay : *table.field("timeout");
  place.error(fmt::format("the delay {} is longer than the timeout {}: no start could succeed",
                          print_duration(ready.delay), print_duration(ready.timeout)));
}

// Who writes what is to be asked wants it asked.
void read_http_key(TableReader& table, const TextRules& rules, core::ReadySpec& ready) {
  const auto http = table.field("http");
  if (!http) return;
  ready.http = read_http(*http);
  const auto when = table.field("when");
  if (!when || ready.when == ReadyWhen::automatic) {
    ready.when = ReadyWhen::http;
  } else if (ready.when != ReadyWhen::http && !rules.incomplete) {
    http->error("superd asks only with when = \"http\": write that, or leave it out");
  }
}

}  // namespace

bool is_ready_by_fd(const TableReader& group) {
  const auto text_is = [](const Entry& entry, std::string_view key, std::string_view wanted) {
    const auto* text = std::get_if<std::string>(&entry.value.data);
    return entry.key == key && text != nullptr && *text == wanted;
  };
  for (const Entry& entry : group.entries()) {
    const auto* ready = std::get_if<Table>(&entry.value.data);
    if (entry.key != "ready" || ready == nullptr) continue;
    return std::any_of(ready->begin(), ready->end(),
                       [&](const Entry& inner) { return text_is(inner, "when", "fd"); });
  }
  return false;
}

void read_ready(TableReader table, const TextRules& rules, core::GroupSpec& group) {
  core::ReadySpec& ready = group.ready;
  table.read("when", ready.when, kWhen);
  table.read_positive("timeout", ready.timeout);
  table.read("soak", ready.soak);
  table.read("delay", ready.delay);
  const auto command = table.field("command");
  if (command) {
    TextRules own = rules;
    own.reader = TextRules::Reader::errand;
    ready.command = read_command(*command, own);
    if (ready.when != ReadyWhen::exec && !rules.incomplete) {
      command->error("the command is run only with when = \"exec\": write that, or leave it out");
    }
  }
  read_http_key(table, rules, ready);
  read_match(table, rules, ready);
  const auto when = table.field("when");
  const auto asks = when ? when : table.field("http");
  if (asks && !rules.incomplete) check_needs(*asks, group, command.has_value());
  check_delay(table, group);
  table.finish();
}

}  // namespace superd::config
