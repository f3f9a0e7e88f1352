#include <memory>

#include <CLI/CLI.hpp>

#include "act.h"
#include "command.h"
#include "wire/requests.h"

namespace superd::superctl {
namespace {

struct StartArguments {
  std::vector<std::string> names;
  bool now = false;
};

// start, stop and restart, which differ in a word.
Command command_for(const std::string& action, const std::string& summary) {
  auto given = std::make_shared<StartArguments>();
  return {
      .name = action,
      .summary = summary,
      .declare =
          [given, action](CLI::App& app) {
            declare_names(app, given->names);
            if (action != "restart") return;
            app.add_flag("--now", given->now, "all workers at once, not one after the other");
          },
      .run =
          [given, action](Context& context) {
            wire::ActionRequest request{.pace =
                                            given->now ? wire::Pace::at_once : wire::Pace::in_turn};
            if (context.options().no_wait) request.wait = wire::Wait::no;
            return act(context, given->names, {.action = action, .body = wire::to_text(request)});
          }};
}

}  // namespace

Command start_command() { return command_for("start", "start groups or workers"); }
Command stop_command() { return command_for("stop", "stop groups or workers"); }
Command restart_command() { return command_for("restart", "restart groups or workers"); }

}  // namespace superd::superctl
