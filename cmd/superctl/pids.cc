#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command.h"
#include "processes.h"

namespace superd::superctl {
namespace {

struct PidsArguments {
  std::vector<std::string> names;
  bool main = false;
  bool tree = false;
};

ExitCode run_pids(Context& context, const PidsArguments& given) {
  const auto selection = context.select(given.names);
  if (!selection) return context.report(selection.error());
  auto processes = fetch_processes(context, selection->targets);
  if (!processes) return context.report(processes.error());
  if (given.main) {
    std::erase_if(*processes, [](const auto& p) { return p.role != wire::Role::main; });
  }
  if (context.options().json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& process : *processes) {
      list.push_back(nlohmann::ordered_json::parse(wire::to_text(process)));
    }
    context.out().print_line(wire::to_text(nlohmann::ordered_json{{"pids", std::move(list)}}));
  } else if (given.tree) {
    context.out().print(draw_processes(*processes, context.out().line_style()));
  } else {
    for (const auto& process : *processes) {
      context.out().print_line(std::to_string(process.pid));
    }
  }
  return ExitCode::done;
}

}  // namespace

Command pids_command() {
  auto given = std::make_shared<PidsArguments>();
  return {.name = "pids",
          .summary = "every process id of groups or workers",
          .declare =
              [given](CLI::App& app) {
                declare_names(app, given->names);
                auto* main = app.add_flag("--main", given->main, "main processes alone");
                app.add_flag("--tree", given->tree, "draw who started whom")->excludes(main);
              },
          .run = [given](Context& context) { return run_pids(context, *given); }};
}

}  // namespace superd::superctl
