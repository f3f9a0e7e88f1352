#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/printable.h"
#include "command.h"
#include "config/load.h"

namespace superd::superctl {
namespace {

std::string as_json(const std::string& file, const config::Loaded& loaded) {
  nlohmann::ordered_json errors = nlohmann::ordered_json::array();
  for (const auto& error : loaded.errors) {
    errors.push_back({{"file", error.place.file},
                      {"line", error.place.line},
                      {"column", error.place.column},
                      {"message", error.message}});
  }
  return wire::to_text(nlohmann::ordered_json{{"file", file},
                                              {"ok", loaded.errors.empty()},
                                              {"groups", loaded.spec.groups.size()},
                                              {"errors", errors}});
}

ExitCode run_check(Context& context, const std::optional<std::string>& named) {
  const auto who = config::this_process();
  const auto file = config::find_config(named ? named : context.options().config, who);
  if (!file) return context.report({ExitCode::failed, file.error().message});
  const auto loaded = config::load(*file, config::default_directories(who));
  const auto groups = loaded.spec.groups.size();
  if (context.options().json) {
    context.out().print_line(as_json(*file, loaded));
  } else if (loaded.errors.empty()) {
    context.out().print_line(
        fmt::format("{}: ok, {} group{}", *file, groups, groups == 1 ? "" : "s"));
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
          .run = [file](Context& context) { return run_check(context, *file); }};
}

}  // namespace superd::superctl
