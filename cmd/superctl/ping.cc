#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/printable.h"
#include "command.h"

namespace superd::superctl {
namespace {

// Whoever asks whether superd is alive wants to hear soon that it is not.
constexpr std::chrono::seconds kPatience{5};

ExitCode run_ping(Context& context) {
  const auto body = context.get("/v1/status", kPatience);
  if (!body) return context.report(body.error());
  const auto status = wire::from_text<wire::StatusView>(*body);
  if (!status) return context.report({ExitCode::failed, status.error().message});
  const auto& superd = status->superd;
  if (context.options().json) {
    context.out().print_line(wire::to_text(nlohmann::ordered_json::parse(*body)["superd"]));
  } else {
    context.out().print_line(
        fmt::format("superd {} is alive: pid {}", client::printable(superd.version), superd.pid));
  }
  return ExitCode::done;
}

}  // namespace

Command ping_command() {
  return {.name = "ping",
          .summary = "ask whether superd answers",
          .declare = [](CLI::App&) {},
          .run = run_ping};
}

}  // namespace superd::superctl
