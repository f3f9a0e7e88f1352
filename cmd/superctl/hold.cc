#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "act.h"
#include "command.h"
#include "core/worker_ref.h"

namespace superd::superctl {
namespace {

Command command_for(const std::string& action, const std::string& summary) {
  auto names = std::make_shared<std::vector<std::string>>();
  return {
      .name = action,
      .summary = summary,
      .declare = [names](CLI::App& app) { declare_names(app, *names); },
      .run =
          [names, action](Context& context) {
            for (const std::string& name : *names) {
              const auto worker = core::parse_worker_ref(name);
              if (!worker) continue;
              return context.report(
                  {ExitCode::usage,
                   fmt::format("\"{}\" is a worker, and a hold is one of a whole group: superctl "
                               "{} {}",
                               name, action, worker->group)});
            }
            return act(context, *names, {.action = action, .body = "{}"});
          }};
}

}  // namespace

Command hold_command() {
  return command_for("hold", "nothing automatic is done to groups: no triggers, no schedules");
}
Command release_command() {
  return command_for("release", "end a hold, and do once what was due in it");
}

}  // namespace superd::superctl
