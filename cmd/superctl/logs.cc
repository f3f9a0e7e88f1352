#include <chrono>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>

#include "command.h"
#include "event_text.h"
#include "follow_logs.h"
#include "log_printer.h"
#include "log_text.h"
#include "reopen_logs.h"
#include "selection.h"
#include "wire/route.h"

namespace superd::superctl {
namespace {

struct LogsArguments {
  std::vector<std::string> names;
  int lines = wire::kDefaultLogLines;
  bool follow = false;
  bool times = false;
  std::string since;
  std::string stream;
  bool reopen = false;
};

client::Request request_for(const client::Target& target, const LogsArguments& given) {
  std::vector<wire::QueryField> query = {{"lines", std::to_string(given.lines)}};
  if (!given.stream.empty()) query.push_back({"stream", given.stream});
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

constexpr int kNotKept = 409;

struct Read {
  std::vector<wire::LogLine> lines;
  ExitCode code = ExitCode::done;
};

client::Outcome<std::vector<wire::LogLine>> lines_of(Result<wire::Response> response) {
  const auto body = client::body_of(std::move(response));
  if (!body) return tl::unexpected<client::Failure>(body.error());
  auto lines = read_log_lines(*body);
  if (lines) return std::move(*lines);
  return tl::unexpected<client::Failure>({ExitCode::failed, lines.error().message});
}

// What can be read is shown, whatever else cannot.
Read read_all(Context& context, const LogsArguments& given, const Selection& selection) {
  std::vector<client::Request> requests;
  for (const auto& target : selection.targets) {
    requests.push_back(request_for(target, given));
  }
  Read read;
  for (auto& response : context.ask_all(std::move(requests))) {
    // Nobody asked for the logs of this very group.
    if (given.names.empty() && response && response->status == kNotKept) continue;
    const auto some = lines_of(std::move(response));
    if (!some) {
      read.code = client::worst(read.code, context.report(some.error()));
      continue;
    }
    read.lines.insert(read.lines.end(), some->begin(), some->end());
  }
  sort_log_lines(read.lines);
  return read;
}

// As superd reads it.
std::string time_text(WallTime time) {
  using namespace std::chrono;
  const auto second = floor<seconds>(time);
  const auto rest = duration_cast<nanoseconds>(time - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(system_clock::to_time_t(second)),
                     rest);
}

LogPrinter::How how_for(Context& context, const LogsArguments& given, const Selection& selection) {
  LogText text{.prefix = prefix_for(selection),
               .raw = context.out().to_terminal() ? Raw::no : Raw::yes,
               .time = given.times ? LogText::Time::shown : LogText::Time::none,
               .colour = context.out().colour()};
  return {.form = context.options().json ? LogPrinter::Form::json : LogPrinter::Form::text,
          .text = text,
          .wants_times = given.times || !given.since.empty(),
          .wants_stream = !given.stream.empty()};
}

ExitCode run_logs(Context& context, const LogsArguments& given) {
  if (given.reopen) return reopen_logs(context);
  const auto names = given.names.empty() ? std::vector<std::string>{"all"} : given.names;
  const auto selection = context.select(names);
  if (!selection) return context.report(selection.error());
  LogPrinter printer(context.out(), how_for(context, given, *selection));
  if (given.follow || !given.since.empty()) {
    LogsWish wish{.until = given.follow ? LogsWish::Until::ever : LogsWish::Until::now,
                  .lines = given.lines,
                  .stream = given.stream,
                  .all = given.names.empty()};
    if (!given.since.empty()) {
      const auto since = parse_moment(given.since, std::chrono::system_clock::now());
      if (!since) return context.report({ExitCode::usage, "--since: " + since.error().message});
      wish.since = time_text(*since);
    }
    return follow_logs(context, selection->targets, wish, std::move(printer));
  }
  const Read read = read_all(context, given, *selection);
  for (const auto& line : read.lines) printer.print(line);
  return read.code;
}

}  // namespace

Command logs_command() {
  auto given = std::make_shared<LogsArguments>();
  return {.name = "logs",
          .summary = "what workers wrote",
          .declare =
              [given](CLI::App& app) {
                auto* names =
                    app.add_option("NAME", given->names, "group, worker or glob; none: all groups")
                        ->type_name("");
                auto* lines =
                    app.add_option("-n", given->lines, "how many lines of each NAME (default 20)")
                        ->type_name("N")
                        ->check(CLI::Range(0, wire::kMaxLogLines));
                app.add_flag("-f,--follow", given->follow, "go on with what comes from now on");
                app.add_option("--since", given->since,
                               "all lines since a time, or for how long (10m)")
                    ->type_name("T")
                    ->excludes(lines);
                app.add_option("--stream", given->stream, "stdout or stderr alone")
                    ->type_name("STREAM")
                    ->check(CLI::IsMember({"stdout", "stderr"}));
                app.add_flag("-t", given->times, "with the time of each line");
                app.add_flag("--reopen", given->reopen,
                             "print nothing: open all log files anew, after they were moved")
                    ->excludes(names)
                    ->excludes(lines);
              },
          .run = [given](Context& context) { return run_logs(context, *given); }};
}

}  // namespace superd::superctl
