#include <nlohmann/json.hpp>

#include "command.h"
#include "metrics_json.h"

namespace superd::superctl {
namespace {

ExitCode run_metrics(Context& context) {
  const auto page = context.get("/metrics");
  if (!page) return context.report(page.error());
  if (!context.options().json) {
    context.out().print(*page);
    return ExitCode::done;
  }
  const auto document = metrics_json(*page);
  if (!document) return context.report({ExitCode::failed, document.error().message});
  context.out().print_line(wire::to_text(*document));
  return ExitCode::done;
}

}  // namespace

Command metrics_command() {
  return {.name = "metrics",
          .summary = "what superd counts and measures, as Prometheus reads it",
          .declare = [](CLI::App&) {},
          .run = run_metrics};
}

}  // namespace superd::superctl
