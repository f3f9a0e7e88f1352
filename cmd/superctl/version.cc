#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/printable.h"
#include "command.h"

namespace superd::superctl {
namespace {

ExitCode run_version(Context& context) {
  const auto status = context.fetch<wire::StatusView>("/v1/status");
  if (context.options().json) {
    nlohmann::ordered_json document{{"superctl", SUPERD_VERSION}, {"superd", nullptr}};
    if (status) document["superd"] = status->superd.version;
    context.out().print_line(wire::to_text(document));
    return ExitCode::done;
  }
  context.out().print_line("superctl " SUPERD_VERSION);
  if (status) {
    context.out().print_line(fmt::format("superd {} (running, pid {})",
                                         client::printable(status->superd.version),
                                         status->superd.pid));
  }
  return ExitCode::done;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .summary = "the version of superctl, and of the superd that runs",
          .declare = [](CLI::App&) {},
          .run = run_version};
}

}  // namespace superd::superctl
