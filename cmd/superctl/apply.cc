#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "command.h"
#include "exchange.h"
#include "roll_text.h"
#include "wire/json.h"
#include "wire/requests.h"

namespace superd::superctl {
namespace {

// What failed says more in its roll: which worker, how it ended, its last lines.
void tell_failure(Context& context, const wire::AppliedView& group) {
  context.out().tell(fmt::format("{}: {}", group.group, group.message));
  if (!group.roll) return;
  const auto roll = context.glance<wire::RollView>(fmt::format("/v1/rolls/{}", *group.roll));
  if (roll) context.out().tell(roll_story(*roll));
}

ExitCode tell(Context& context, const wire::ApplyView& view) {
  if (view.plan.empty()) context.out().print_line("nothing differs");
  for (const std::string& line : view.plan) context.out().print_line(line);
  for (const wire::AppliedView& group : view.groups) {
    if (group.result != wire::Verdict::done) tell_failure(context, group);
  }
  if (view.result == "timed-out") {
    context.out().tell("apply: not done yet; the work goes on");
    return ExitCode::timed_out;
  }
  return view.result == "failed" ? ExitCode::failed : ExitCode::done;
}

// All errors of a rejected config, one a line, as `superd --check` prints them.
ExitCode tell_rejected(Context& context, const wire::Response& response) {
  const auto problem = wire::from_text<wire::Problem>(response.body);
  if (context.options().json) {
    context.out().print_line(response.body);
    return ExitCode::failed;
  }
  if (problem && problem->errors) {
    for (const std::string& error : *problem->errors) context.out().tell(error);
  }
  context.out().tell("superctl: the config was rejected, and nothing was changed");
  return ExitCode::failed;
}

ExitCode run_apply(Context& context, bool dry_run) {
  wire::ApplyRequest request{.dry_run = dry_run};
  if (context.options().no_wait) request.wait = wire::Wait::no;
  Result<wire::Response> response = fail("");
  context.out().progress("superd: applies the config");
  const End end =
      run(context.socket(),
          {.requests = {{.method = wire::Method::post,
                         .target = "/v1/apply",
                         .body = wire::to_text(request)}},
           .until = context.deadline(),
           .on_answer = [&](std::size_t,
                            Result<wire::Response> answer) { response = std::move(answer); },
           .on_tick = {}});
  context.out().progress("");
  if (end == End::timed_out || end == End::interrupted) {
    context.out().tell("apply: not done yet; the work goes on");
    return end == End::timed_out ? ExitCode::timed_out : ExitCode::interrupted;
  }
  if (response && response->status == 422) return tell_rejected(context, *response);
  const auto body = client::body_of(std::move(response));
  if (!body) return context.report(body.error());
  const auto view = wire::from_text<wire::ApplyView>(*body);
  if (!view) return context.report({.message = view.error().message});
  if (!context.options().json) return tell(context, *view);
  context.out().print_line(*body);
  return view->result == "failed" ? ExitCode::failed : ExitCode::done;
}

}  // namespace

Command apply_command() {
  auto dry_run = std::make_shared<bool>(false);
  return {.name = "apply",
          .summary = "read the config again and change what differs",
          .declare =
              [dry_run](CLI::App& app) {
                app.add_flag("--dry-run", *dry_run, "print what would change, and change nothing");
              },
          .run = [dry_run](Context& context) { return run_apply(context, *dry_run); }};
}

}  // namespace superd::superctl
