#include "config/group.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "config/accounts.h"
#include "config/life.h"
#include "config/limits.h"
#include "config/paths.h"
#include "config/ready.h"
#include "config/ready_log.h"
#include "config/recycle.h"
#include "config/roll.h"
#include "config/runner_key.h"
#include "config/shim.h"
#include "config/texts.h"
#include "config/trigger.h"
#include "core/environment.h"
#include "core/placeholders.h"
#include "core/worker_ref.h"

namespace superd::config {
namespace {

constexpr IntRange kPorts{.min = 1, .max = 65535};
constexpr int kMostWorkers = 10000;
constexpr core::Duration kShortestIdle = std::chrono::seconds(2);
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

// What a worker's own texts may name besides what the whole group has.
TextRules with_its_own(TextRules rules) {
  if (rules.ready_by_fd) rules.fd_names.emplace_back(core::kReadyFd);
  for (const std::string& name : rules.private_names) rules.addr_names.push_back(name);
  return rules;
}

void read_environment(TableReader& table, const TextRules& rules, core::GroupSpec& group) {
  if (auto env = table.table("env")) group.env = read_env(*env, with_its_own(rules));
  if (const auto field = table.field("env_file")) {
    if (const auto path = read_checked_text(*field, rules, "a path")) {
      group.env_file = join_path(group.directory, *path);
    }
  }
  table.read("clear_env", group.clear_env);
}

void read_depends_on(TableReader& table, PlacedGroup& group) {
  const auto field = table.field("depends_on");
  if (!field) return;
  std::vector<std::string>& names = group.spec.depends_on;
  for (const Field& element : field->elements(R"(["cache"])").value_or(std::vector<Field>{})) {
    const auto name = element.filled_text("the name of a group");
    if (!name) continue;
    if (*name == group.spec.name) {
      element.error("a group cannot depend on itself");
    } else if (std::find(names.begin(), names.end(), *name) != names.end()) {
      element.error(fmt::format("{} is named twice", quoted(*name)));
    } else if (core::parse_worker_ref(*name)) {
      element.error(fmt::format("{} is a worker: name the whole group", quoted(*name)));
    } else {
      names.push_back(*name);
      group.depends_places.push_back(element.place());
    }
  }
}

void read_demand(TableReader& table, const Context& context, core::GroupSpec& group) {
  table.read("on_demand", group.on_demand);
  const auto idle = table.field("idle_timeout");
  if (idle) {
    group.idle_timeout = idle->duration();
    if (group.idle_timeout && *group.idle_timeout < kShortestIdle) {
      idle->error(
          fmt::format("superd looks once a second whether a group is idle: write {} or more",
                      print_duration(kShortestIdle)));
    }
  }
  if (context.incomplete) return;
  if (group.on_demand && !core::has_shared_socket(group)) {
    table.field("on_demand")
        ->error(
            "no connection comes to a group without a socket of its own: add listen = "
            "[\"127.0.0.1:8000\"]");
  }
  if (idle && !group.on_demand) {
    idle->error(
        "a group that was stopped because it was idle is started by a connection: add "
        "on_demand = true");
  }
}

void read_life(TableReader& table, const Context& context, const TextRules& rules,
               core::GroupSpec& group) {
  table.read("autostart", group.autostart);
  read_demand(table, context, group);
  if (auto ready = table.table("ready")) read_ready(*ready, rules, group);
  if (auto stop = table.table("stop")) read_stop(*stop, group.stop);
  if (auto roll = table.table("roll")) read_roll(*roll, rules, group);
  if (auto respawn = table.table("respawn")) read_respawn(*respawn, group.respawn);
  if (auto recycle = table.table("recycle")) read_recycle(*recycle, group.recycle);
  if (auto limits = table.table("limits")) read_limits(*limits, context, group.limits);
  if (auto log = table.table("log")) {
    read_log(*log, group.log);
    check_output_is_seen(*log, group);
  }
}

// After the rest, which it refers to.
void read_automatic(TableReader& table, const TextRules& rules, core::GroupSpec& group) {
  if (const auto field = table.field("hold_file")) read_hold_file(*field, rules, group);
  if (const auto field = table.field("trigger")) {
    group.triggers = read_triggers(*field, rules, group);
  }
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

void check_ready_name(const PlacedGroup& group, Problems& problems) {
  if (group.spec.ready.when != core::ReadyWhen::fd) return;
  for (std::size_t i = 0; i < group.spec.listen.size(); ++i) {
    if (group.spec.listen[i].name != core::kReadyFd) continue;
    problems.add(group.listen_places[i],
                 fmt::format("group.{}.listen: with ready.when = \"fd\" {{fd:ready}} is the "
                             "descriptor for readiness: give the socket another name",
                             group.spec.name));
  }
}

void check_private(const PlacedGroup& group, Problems& problems) {
  const std::string why = cannot_serve_private(group.runner, group.spec);
  for (std::size_t i = 0; i < group.spec.listen.size() && !why.empty(); ++i) {
    if (!is_private(group.spec.listen[i])) continue;
    problems.add(group.listen_places[i], fmt::format("group.{}.listen: {}", group.spec.name, why));
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
  TextRules rules{.has_port = spec.port_base.has_value(),
                  .fd_names = {},
                  .ready_by_fd = is_ready_by_fd(table),
                  .incomplete = context.incomplete};
  spec.directory = core::escape_placeholders(context.directory);
  const auto directory = table.field("directory");
  std::optional<std::string> directory_text;
  if (directory) directory_text = directory->filled_text("a path");
  if (directory_text) spec.directory = join_path(spec.directory, *directory_text);
  read_sockets(table, context, group);
  for (const auto& listen : spec.listen) {
    rules.fd_names.push_back(listen.name);
    (is_private(listen) ? rules.private_names : rules.addr_names).push_back(listen.name);
  }
  if (directory_text) check_text(*directory, *directory_text, rules);
  read_program(table, context, with_its_own(rules), spec);
  read_accounts(table, context, spec);
  read_environment(table, rules, spec);
  read_socket_shim(table, context, spec);
  read_runner(table, context, group);
  read_depends_on(table, group);
  read_life(table, context, rules, spec);
  check_ready_name(group, table.problems());
  check_private(group, table.problems());
  finish_runner(table, group);
  read_automatic(table, rules, spec);
  table.finish();
  return group;
}

}  // namespace superd::config
