#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.h"
#include "processes.h"

namespace superd::superctl {
namespace {

constexpr int kNotFound = 404;

ExitCode run_whose(Context& context, const std::vector<pid_t>& pids) {
  std::vector<client::Request> requests;
  requests.reserve(pids.size());
  for (const pid_t pid : pids) {
    requests.push_back({.target = wire::make_target({"v1", "pids", std::to_string(pid)})});
  }
  auto responses = context.ask_all(std::move(requests));
  ExitCode code = ExitCode::done;
  auto found = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < pids.size(); ++i) {
    if (responses[i] && responses[i]->status == kNotFound) {
      context.out().tell(fmt::format("{}: not superd's", pids[i]));
      code = client::worst(code, ExitCode::failed);
      continue;
    }
    const auto process = client::read_answer<wire::PidView>(responses[i]);
    if (!process) return context.report(process.error());
    if (context.options().json) {
      found.push_back(nlohmann::ordered_json::parse(responses[i]->body));
    } else {
      context.out().print_line(whose_line(*process));
    }
  }
  if (context.options().json) {
    context.out().print_line(wire::to_text(nlohmann::ordered_json{{"pids", std::move(found)}}));
  }
  return code;
}

}  // namespace

Command whose_command() {
  auto pids = std::make_shared<std::vector<pid_t>>();
  return {.name = "whose",
          .summary = "the worker that a process belongs to",
          .declare =
              [pids](CLI::App& app) {
                app.add_option("PID", *pids, "process ids")
                    ->required()
                    ->type_name("")
                    ->check(CLI::Range(1, std::numeric_limits<pid_t>::max()));
              },
          .run = [pids](Context& context) { return run_whose(context, *pids); }};
}

}  // namespace superd::superctl
