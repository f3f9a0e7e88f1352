#include "config/group.h"

#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/accounts.h"
#include "config/life.h"
#include "config/limits.h"
#include "config/paths.h"
#include "config/texts.h"
#include "core/environment.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

constexpr IntRange kPorts{.min = 1, .max = 65535};
constexpr int kMostWorkers = 10000;
constexpr Choice<core::SocketEnv> kSocketEnv[] = {{"auto", core::SocketEnv::automatic},
                                                  {"listen_fds", core::SocketEnv::listen_fds},
                                                  {"none", core::SocketEnv::none}};

void read_workers(TableReader& table, core::GroupSpec& group) {
  const auto field = table.field("workers");
  if (!field) return;
  const auto* number = field->as<std::int64_t>();
  if (number != nullptr && *number == 0) {
    return field->error(
        "a group has at least one worker: to keep it from starting by itself, "
        "write autostart = false");
  }
  const auto workers = field->integer({.min = 1, .max = kMostWorkers});
  if (workers) group.workers = static_cast<int>(*workers);
}

void read_port_base(TableReader& table, core::GroupSpec& group) {
  const auto field = table.field("port_base");
  if (!field) return;
  const auto port = field->integer(kPorts);
  if (!port) return;
  group.port_base = static_cast<int>(*port);
  const auto last = *port + group.workers - 1;
  if (last > kPorts.max) {
    field->error(
        fmt::format("the last of {} workers would have the port {}: at most {} leaves room",
                    group.workers, last, kPorts.max - group.workers + 1));
  }
}

void read_sockets(TableReader& table, const Context& context, PlacedGroup& group) {
  if (const auto field = table.field("listen")) {
    for (auto& placed : read_listen(*field, context, group.spec.name, group.spec.directory)) {
      group.spec.listen.push_back(std::move(placed.listen));
      group.listen_places.push_back(std::move(placed.place));
    }
  }
  table.read("socket_env", group.spec.socket_env, kSocketEnv);
}

void read_accounts(TableReader& table, const Context& context, core::GroupSpec& group) {
  if (const auto field = table.field("user")) group.user = read_user(*field, context);
  if (const auto field = table.field("group")) group.group = read_group(*field, context);
  if (const auto field = table.field("extra_groups")) {
    for (const Field& element : field->elements(R"(["www-data"])").value_or(std::vector<Field>{})) {
      if (auto name = read_extra_group(element, context)) group.extra_groups.push_back(*name);
    }
  }
  if (const auto field = table.field("umask")) group.umask = field->mode();
}

void read_environment(TableReader& table, const TextRules& rules, core::GroupSpec& group) {
  if (auto env = table.table("env")) group.env = read_env(*env, rules);
  if (const auto field = table.field("env_file")) {
    if (const auto path = read_checked_text(*field, rules, "a path")) {
      group.env_file = join_path(group.directory, *path);
    }
  }
  table.read("clear_env", group.clear_env);
}

void read_life(TableReader& table, const Context& context, core::GroupSpec& group) {
  table.read("autostart", group.autostart);
  if (auto ready = table.table("ready")) read_ready(*ready, group.ready);
  if (auto stop = table.table("stop")) read_stop(*stop, group.stop);
  if (auto respawn = table.table("respawn")) read_respawn(*respawn, group.respawn);
  if (auto limits = table.table("limits")) read_limits(*limits, context, group.limits);
  if (auto log = table.table("log")) read_log(*log, group.log);
}

void read_program(TableReader& table, const Context& context, const TextRules& rules,
                  core::GroupSpec& group) {
  const auto field = table.field("command");
  if (field) {
    group.command = read_command(*field, rules);
  } else if (!context.incomplete) {
    table.problems().add(
        table.place(), fmt::format("[{}] has no command: add command = [\"PROGRAM\", \"ARGUMENT\"]",
                                   table.path()));
  }
}

}  // namespace

PlacedGroup read_group_table(TableReader table, const std::string& name, const Context& context) {
  PlacedGroup group;
  core::GroupSpec& spec = group.spec;
  spec.name = name;
  spec.place = table.place();
  // Everything that a later text may refer to comes first.
  read_workers(table, spec);
  read_port_base(table, spec);
  TextRules rules{
      .has_port = spec.port_base.has_value(), .fd_names = {}, .incomplete = context.incomplete};
  spec.directory = core::escape_placeholders(context.directory);
  const auto directory = table.field("directory");
  std::optional<std::string> directory_text;
  if (directory) directory_text = directory->filled_text("a path");
  if (directory_text) spec.directory = join_path(spec.directory, *directory_text);
  read_sockets(table, context, group);
  for (const auto& listen : spec.listen) rules.fd_names.push_back(listen.name);
  if (directory_text) check_text(*directory, *directory_text, rules);
  read_program(table, context, rules, spec);
  read_accounts(table, context, spec);
  read_environment(table, rules, spec);
  read_life(table, context, spec);
  table.finish();
  return group;
}

}  // namespace superd::config
