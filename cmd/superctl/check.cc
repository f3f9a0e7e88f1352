#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "client/printable.h"
#include "command.h"
#include "config/load_here.h"
#include "config/report.h"

namespace superd::superctl {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const std::vector<config::ConfigError>& found) {
  ordered_json list = ordered_json::array();
  for (const auto& error : found) {
    list.push_back({{"file", error.place.file},
                    {"line", error.place.line},
                    {"column", error.place.column},
                    {"message", error.message}});
  }
  return list;
}

ordered_json clean_exits(const core::RespawnSpec& respawn) {
  ordered_json list = ordered_json::array();
  for (const int status : respawn.clean_statuses) list.push_back(status);
  for (const int signal : respawn.clean_signals) list.push_back(signal_name(signal));
  return list;
}

ordered_json as_json(const config::RunnerChoice& choice, const core::GroupSpec& group) {
  ordered_json reload = nullptr;
  if (group.reload_signal) reload = signal_name(*group.reload_signal);
  ordered_json sockets = nullptr;
  if (!group.listen.empty()) sockets = config::sockets_way(group);
  return {{"group", group.name},
          {"runner", config::name(choice.runner)},
          {"form", choice.form},
          {"why", choice.why},
          {"stop",
           {{"signal", signal_name(group.stop.signal)},
            {"timeout", print_duration(group.stop.timeout)}}},
          {"ready", config::ready_way(group)},
          {"success", clean_exits(group.respawn)},
          {"reload_signal", reload},
          {"sockets", sockets},
          {"notes", choice.notes}};
}

std::string as_json(const std::string& file, const config::Loaded& loaded) {
  ordered_json runners = ordered_json::array();
  for (std::size_t i = 0; loaded.errors.empty() && i < loaded.runners.size(); ++i) {
    runners.push_back(as_json(loaded.runners[i], loaded.spec.groups[i]));
  }
  return wire::to_text(ordered_json{{"file", file},
                                    {"ok", loaded.errors.empty()},
                                    {"groups", loaded.spec.groups.size()},
                                    {"errors", as_json(loaded.errors)},
                                    {"warnings", as_json(loaded.warnings)},
                                    {"runners", runners}});
}

ExitCode run_check(Context& context, const std::optional<std::string>& named) {
  const auto who = config::this_process();
  const auto file = config::find_config(named ? named : context.options().config, who);
  if (!file) return context.report({ExitCode::failed, file.error().message});
  const auto loaded = config::load_here(*file);
  if (context.options().json) {
    context.out().print_line(as_json(*file, loaded));
  } else if (loaded.errors.empty()) {
    for (const auto& line : config::report(*file, loaded)) {
      context.out().print_line(client::printable(line));
    }
  }
  for (const auto& warning : loaded.warnings) {
    if (context.options().quiet) break;
    context.out().tell(client::printable(config::warning_text(warning)));
  }
  for (const auto& error : loaded.errors) {
    context.out().tell(client::printable(config::to_string(error)));
  }
  return loaded.errors.empty() ? ExitCode::done : ExitCode::failed;
}

}  // namespace

Command check_command() {
  auto file = std::make_shared<std::optional<std::string>>();
  return {.name = "check",
          .summary = "check a config file; needs no superd",
          .declare = [file](CLI::App& app) { app.add_option("FILE", *file, "the config file"); },
          .run = [file](Context& context) { return run_check(context, *file); },
          .asks_superd = false};
}

}  // namespace superd::superctl
