#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "command.h"
#include "log_text.h"
#include "selection.h"
#include "wire/route.h"

namespace superd::superctl {
namespace {

struct Given {
  std::vector<std::string> names;
  int lines = wire::kDefaultLogLines;
};

client::Request request_for(const client::Target& target, int lines) {
  std::vector<wire::QueryField> query = {{"lines", std::to_string(lines)}};
  const auto worker = core::parse_worker_ref(target.worker.value_or(""));
  if (worker) query.push_back({"worker", std::to_string(worker->number)});
  return {.target = wire::make_target({"v1", "groups", target.group, "logs"}, query)};
}

// Whose lines these may be: known before any line is there, so that a script sees one form.
Prefix prefix_for(const Selection& selection) {
  std::size_t workers = 0;
  for (const auto& target : selection.targets) {
    workers += target.group == "self" ? 2 : workers_of(selection.status, target).size();
  }
  return workers > 1 ? Prefix::worker : Prefix::none;
}

ExitCode run_logs(Context& context, const Given& given) {
  const auto names = given.names.empty() ? std::vector<std::string>{"all"} : given.names;
  const auto selection = context.select(names);
  if (!selection) return context.report(selection.error());
  std::vector<client::Request> requests;
  for (const auto& target : selection->targets) {
    requests.push_back(request_for(target, given.lines));
  }
  std::vector<wire::LogLine> lines;
  for (auto& response : context.ask_all(std::move(requests))) {
    const auto body = client::body_of(std::move(response));
    if (!body) return context.report(body.error());
    auto some = read_log_lines(*body);
    if (!some) return context.report({ExitCode::failed, some.error().message});
    lines.insert(lines.end(), some->begin(), some->end());
  }
  sort_log_lines(lines);
  const LogText how{.prefix = prefix_for(*selection),
                    .raw = context.out().to_terminal() ? Raw::no : Raw::yes};
  for (const auto& line : lines) {
    context.out().print_line(context.options().json ? wire::to_text(line) : log_text(line, how));
  }
  return ExitCode::done;
}

}  // namespace

Command logs_command() {
  auto given = std::make_shared<Given>();
  return {.name = "logs",
          .summary = "the last lines that workers wrote",
          .declare =
              [given](CLI::App& app) {
                app.add_option("NAME", given->names, "group, worker or glob; none: all groups")
                    ->type_name("");
                app.add_option("-n", given->lines, "how many lines of each NAME (default 20)")
                    ->type_name("N")
                    ->check(CLI::Range(1, wire::kMaxLogLines));
              },
          .run = [given](Context& context) { return run_logs(context, *given); }};
}

}  // namespace superd::superctl
