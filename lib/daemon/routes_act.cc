#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "core/dependencies.h"
#include "daemon/routes.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

std::vector<const core::Worker*> workers_of(const core::Group& group) {
  std::vector<const core::Worker*> workers;
  for (const core::Worker& worker : group.workers) workers.push_back(&worker);
  return workers;
}

// `api, web stopped before it (depends_on)`; empty: nothing does.
std::string stops_before(const core::Supervision& core, const core::Target& target,
                         wire::Action action) {
  if (action != wire::Action::stop || target.worker != 0) return "";
  std::vector<std::string> names;
  for (const std::string& dependent : core.dependencies().needing(target.group)) {
    const core::Group* group = core.find(dependent);
    if (group != nullptr && !core::has_nothing_to_stop(*group)) names.push_back(dependent);
  }
  return names.empty() ? "" : join(names, ", ") + " stopped before it (depends_on)";
}

}  // namespace

void Routes::on(Ask ask, const wire::ActOnGroup& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr) return;
  const core::Target target{.group = group->name, .worker = 0};
  if (answer_wish(ask, target, command.action, command.request) || !may_act(ask)) return;
  act(std::move(ask), target, command.action, command.request);
}

void Routes::on(Ask ask, const wire::ActOnWorker& command) {
  const core::Worker* worker = find(ask, command.worker);
  if (worker == nullptr) return;
  const core::Target target{.group = worker->ref.group, .worker = worker->ref.number};
  if (answer_wish(ask, target, command.action, command.request) || !may_act(ask)) return;
  act(std::move(ask), target, command.action, command.request);
}

void Routes::act(Ask ask, const core::Target& target, wire::Action action,
                 const wire::ActionRequest& request) {
  if (ask.rights.self) hooks_.fired(target.group, ask.cause);
  const core::CommandId id =
      parts_.orders.announce(target, wire::name(action), ask.cause, ask.asker);
  const core::Pace pace =
      request.pace == wire::Pace::at_once ? core::Pace::at_once : core::Pace::in_turn;
  const wire::Wait unsaid =
      ends_asker(ask, target, action) ? wire::Wait::no : wire::Wait::until_done;
  switch (request.wait.value_or(unsaid)) {
    case wire::Wait::no:
      parts_.orders.give(id, target, action, pace, ask.cause);
      ask.out.answer(wire::json_response(
          202, wire::to_text(wire::AcceptedView{
                   .roll = static_cast<std::uint64_t>(parts_.rolls.serving(id))})));
      return;
    case wire::Wait::until_done:
      parts_.commands.wait(id,
                           {.action = wire::name(action),
                            .group = target.group,
                            .timeout = request.timeout,
                            .in_force =
                                [this, name = target.group] {
                                  const core::Group* group = parts_.core.find(name);
                                  return group != nullptr ? group->in_force : 0;
                                },
                            .remark = stops_before(parts_.core, target, action)},
                           std::move(ask.out));
      parts_.orders.give(id, target, action, pace, ask.cause);
      return;
  }
  std::abort();
}

void Routes::on(Ask ask, const wire::SignalGroup& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr || !may_act(ask)) return;
  signal(std::move(ask), group->name, workers_of(*group), command.request, "signal");
}

void Routes::on(Ask ask, const wire::SignalWorker& command) {
  const core::Worker* worker = find(ask, command.worker);
  if (worker == nullptr || !may_act(ask)) return;
  signal(std::move(ask), worker->ref.group, {worker}, command.request, "signal");
}

void Routes::on(Ask ask, const wire::ReloadGroup& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr || !may_act(ask)) return;
  reload(std::move(ask), group->name, workers_of(*group));
}

void Routes::on(Ask ask, const wire::ReloadWorker& command) {
  const core::Worker* worker = find(ask, command.worker);
  if (worker == nullptr || !may_act(ask)) return;
  reload(std::move(ask), worker->ref.group, {worker});
}

void Routes::reload(Ask ask, const std::string& group,
                    const std::vector<const core::Worker*>& workers) {
  const std::optional<int> number = spec_of(group).reload_signal;
  if (!number) {
    ask.out.answer(wire::problem_response(
        409,
        fmt::format("superd knows no signal at which {0} reloads: restart it instead, or write "
                    "reload_signal in [group.{0}] if its program has one",
                    group)));
    return;
  }
  signal(std::move(ask), group, workers, {.signal = *number, .reach = wire::Reach::main}, "reload");
}

void Routes::signal(Ask ask, const std::string& group,
                    const std::vector<const core::Worker*>& workers,
                    const wire::SignalRequest& request, const char* action) {
  wire::OutcomeView view;
  view.group = group;
  view.action = action;
  view.generation = parts_.core.find(group)->in_force;
  for (const core::Worker* worker : workers) {
    if (!worker->life || worker->life->main_gone) continue;
    switch (request.reach) {
      case wire::Reach::main:
        parts_.spawner.signal_main(worker->life->spawn, request.signal);
        break;
      case wire::Reach::whole_tree:
        parts_.spawner.signal_tree(worker->life->spawn, request.signal);
        break;
    }
    wire::WorkerOutcomeView outcome;
    outcome.name = core::to_string(worker->ref);
    view.workers.push_back(std::move(outcome));
  }
  if (view.workers.empty()) {
    ask.out.answer(wire::problem_response(
        409, fmt::format("no process of {} runs that could get a signal", group)));
    return;
  }
  ask.out.answer(wire::json_response(200, wire::to_text(view)));
}

void Routes::refuse_more_than_own(Ask& ask) {
  ask.out.answer(wire::problem_response(
      403, fmt::format("a worker of {} acts on its own group alone", ask.rights.self->group)));
}

void Routes::on(Ask ask, const wire::Apply& command) {
  if (!ask.rights.everything) return refuse_more_than_own(ask);
  if (!may_act(ask)) return;
  hooks_.apply(command.request, ask.cause, std::move(ask.out));
}

void Routes::on(Ask ask, const wire::Upgrade&) {
  if (!ask.rights.everything) return refuse_more_than_own(ask);
  if (!may_act(ask)) return;
  hooks_.upgrade(ask.cause, std::move(ask.out));
}

void Routes::on(Ask ask, const wire::ReopenLogs&) {
  if (!ask.rights.everything) return refuse_more_than_own(ask);
  log::look_at_file();
  auto out = std::make_shared<Responder>(std::move(ask.out));
  parts_.logger.reopen([out](const std::optional<std::vector<logs::Line>>& done) {
    if (!done) return out->answer(wire::problem_response(503, "the logger does not answer"));
    wire::OutcomeView view;
    view.action = "reopen";
    view.message = "the log files are opened anew";
    out->answer(wire::json_response(200, wire::to_text(view)));
  });
}

void Routes::on(Ask ask, const wire::Shutdown&) {
  if (!ask.rights.everything) return refuse_more_than_own(ask);
  wire::OutcomeView view;
  view.action = "shutdown";
  view.message = "superd stops its workers and ends";
  ask.out.answer(wire::json_response(202, wire::to_text(view)));
  hooks_.happen(core::ShutdownRequested{.cause = ask.cause, .urgency = core::Urgency::ordered});
}

}  // namespace superd::daemon
