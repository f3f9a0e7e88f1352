#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client/printable.h"
#include "command.h"
#include "processes.h"
#include "status_text.h"
#include "watch.h"

namespace superd::superctl {
namespace {

struct StatusArguments {
  std::vector<std::string> names;
  bool verbose = false;
  bool watch = false;
};

// What is known of the named groups and workers in full.
struct Details {
  std::vector<wire::WorkerView> workers;
  std::string notes;   // on groups
  std::string queues;  // of their sockets
  nlohmann::ordered_json documents = nlohmann::ordered_json::array();
  ExitCode code = ExitCode::done;
};

client::Outcome<Details> fetch_details(Context& context,
                                       const std::vector<client::Target>& targets) {
  std::vector<client::Request> requests;
  requests.reserve(targets.size());
  for (const auto& target : targets) requests.push_back({.target = target.path()});
  auto responses = context.ask_all(std::move(requests));
  Details details;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].worker) {
      auto worker = client::read_answer<wire::WorkerView>(responses[i]);
      if (!worker) return tl::unexpected<client::Failure>(worker.error());
      details.code = client::worst(details.code, exit_code_of_named(*worker));
      details.workers.push_back(std::move(*worker));
    } else {
      auto group = client::read_answer<wire::GroupView>(responses[i]);
      if (!group) return tl::unexpected<client::Failure>(group.error());
      details.code = client::worst(details.code, exit_code_of_named(*group));
      details.notes += group_notes({*group});
      details.queues += queue_lines(*group);
      details.workers.insert(details.workers.end(), group->workers.begin(), group->workers.end());
    }
    details.documents.push_back(nlohmann::ordered_json::parse(responses[i]->body));
  }
  return details;
}

ExitCode show_groups(Context& context) {
  const auto body = context.get("/v1/status");
  if (!body) return context.report(body.error());
  const auto status = wire::from_text<wire::StatusView>(*body);
  if (!status) return context.report({ExitCode::failed, status.error().message});
  if (context.options().json) {
    context.out().print_line(*body);
  } else {
    context.out().print(group_table(status->groups, context.out().colour()));
    context.out().print(group_notes(status->groups));
  }
  return exit_code_of_groups(status->groups);
}

client::Outcome<std::string> process_lists(Context& context,
                                           const std::vector<client::Target>& targets,
                                           const std::vector<wire::WorkerView>& workers) {
  const auto processes = fetch_processes(context, targets);
  if (!processes) return tl::unexpected<client::Failure>(processes.error());
  std::string out;
  for (const auto& worker : workers) {
    const std::string list = process_list(worker, *processes);
    if (!list.empty()) out += '\n' + list;
  }
  return out;
}

ExitCode show_workers(Context& context, const StatusArguments& given) {
  const bool everything = given.names.empty();
  const auto selection = context.select(everything ? std::vector<std::string>{"all"} : given.names);
  if (!selection) return context.report(selection.error());
  auto details = fetch_details(context, selection->targets);
  if (!details) return context.report(details.error());
  if (everything) details->code = exit_code_of_groups(selection->status.groups);
  if (context.options().json) {
    const nlohmann::ordered_json document{{"tracking", selection->status.superd.tracking},
                                          {"named", std::move(details->documents)}};
    context.out().print_line(wire::to_text(document));
    return details->code;
  }
  const auto& tracking = selection->status.superd.tracking;
  if (given.verbose && !tracking.empty()) {
    context.out().print_line(fmt::format("tracking: {}\n", client::printable(tracking)));
  }
  const auto& unknown = selection->status.superd.unknown;
  if (given.verbose && unknown) {
    context.out().print_line(
        fmt::format("unknown: {} (came home to superd, of no worker that can be told)\n",
                    fmt::join(*unknown, " ")));
  }
  context.out().print(worker_table(details->workers, context.out().colour()));
  context.out().print(details->notes);
  if (!given.verbose) return details->code;
  context.out().print(details->queues);
  const auto lists = process_lists(context, selection->targets, details->workers);
  if (!lists) return context.report(lists.error());
  context.out().print(*lists);
  return details->code;
}

}  // namespace

Command status_command() {
  auto given = std::make_shared<StatusArguments>();
  return {.name = "status",
          .summary = "the groups, or the workers of those named",
          .declare =
              [given](CLI::App& app) {
                app.add_option("NAME", given->names, "group, worker (web.2), glob, all, or self")
                    ->type_name("");
                app.add_flag("-v,--verbose", given->verbose, "their processes, and how known");
                app.add_flag("--watch", given->watch, "again every two seconds, until ^C");
              },
          .run =
              [given](Context& context) {
                const auto show = [&] {
                  const bool groups_alone = given->names.empty() && !given->verbose;
                  return groups_alone ? show_groups(context) : show_workers(context, *given);
                };
                return given->watch ? watch(context, show) : show();
              }};
}

}  // namespace superd::superctl
