#include <memory>

#include <CLI/CLI.hpp>

#include "act.h"
#include "base/units.h"
#include "command.h"
#include "wire/requests.h"

namespace superd::superctl {
namespace {

struct SignalArguments {
  std::string signal;
  std::vector<std::string> names;
  bool all = false;
};

ExitCode run_signal(Context& context, const SignalArguments& given) {
  const auto signal = parse_signal(given.signal);
  if (!signal) return context.report({ExitCode::usage, signal.error().message});
  const wire::SignalRequest request{
      .signal = *signal, .reach = given.all ? wire::Reach::whole_tree : wire::Reach::main};
  return act(context, given.names, {.action = "signal", .body = wire::to_text(request)});
}

}  // namespace

Command reload_command() {
  auto names = std::make_shared<std::vector<std::string>>();
  return {.name = "reload",
          .summary = "send reload_signal to main processes",
          .declare = [names](CLI::App& app) { declare_names(app, *names); },
          .run =
              [names](Context& context) {
                return act(context, *names, {.action = "reload", .body = "{}"});
              }};
}

Command signal_command() {
  auto given = std::make_shared<SignalArguments>();
  return {.name = "signal",
          .summary = "send a signal to main processes",
          .declare =
              [given](CLI::App& app) {
                app.add_option("SIG", given->signal, "TERM, RTMIN+1, or a number")
                    ->required()
                    ->type_name("");
                declare_names(app, given->names);
                app.add_flag("--all", given->all, "to every process of each worker");
              },
          .run = [given](Context& context) { return run_signal(context, *given); }};
}

}  // namespace superd::superctl
