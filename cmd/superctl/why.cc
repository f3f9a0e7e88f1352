#include <chrono>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <pwd.h>

#include "command.h"
#include "why_text.h"

namespace superd::superctl {
namespace {

std::string account_name(std::int64_t uid) {
  const passwd* account = ::getpwuid(static_cast<uid_t>(uid));
  return account == nullptr ? "" : account->pw_name;
}

ExitCode run_why(Context& context, const std::vector<std::string>& names) {
  const auto selection = context.select(names);
  if (!selection) return context.report(selection.error());
  std::vector<client::Request> requests;
  for (const auto& target : selection->targets)
    requests.push_back({.target = target.path() + "/why"});
  auto documents = nlohmann::ordered_json::array();
  for (const auto& response : context.ask_all(std::move(requests))) {
    const auto history = client::read_answer<wire::HistoryView>(response);
    if (!history) return context.report(history.error());
    if (context.options().json) {
      documents.push_back(nlohmann::ordered_json::parse(response->body));
    } else {
      context.out().print(why_text(*history, {.colour = context.out().colour(),
                                              .now = std::chrono::system_clock::now(),
                                              .user_name = account_name}));
    }
  }
  if (context.options().json) {
    context.out().print_line(wire::to_text(nlohmann::ordered_json{{"why", std::move(documents)}}));
  }
  return ExitCode::done;
}

}  // namespace

Command why_command() {
  auto names = std::make_shared<std::vector<std::string>>();
  return {.name = "why",
          .summary = "why a group or a worker is in its state",
          .declare = [names](CLI::App& app) { declare_names(app, *names); },
          .run = [names](Context& context) { return run_why(context, *names); }};
}

}  // namespace superd::superctl
