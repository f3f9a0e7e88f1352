#include "daemon/commands.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "daemon/state_views.h"
#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

wire::OutcomeView outcome_view(const core::Answer& answer, const std::string& action,
                               const Rolls& rolls) {
  wire::OutcomeView view;
  view.result = answer.ok ? wire::Verdict::done : wire::Verdict::failed;
  view.roll = static_cast<std::uint64_t>(rolls.serving(answer.command));
  view.group = answer.group;
  view.action = action;
  view.generation = answer.generation;
  view.message = rolls.message(answer.command);
  if (view.message.empty()) view.message = answer.message;
  if (!answer.output.empty()) view.before = answer.output;
  for (const core::WorkerOutcome& worker : answer.workers) {
    wire::WorkerOutcomeView outcome;
    outcome.name = core::to_string({.group = answer.group, .number = worker.number});
    outcome.result = worker.ok ? wire::Verdict::done : wire::Verdict::failed;
    outcome.message = worker.message;
    if (!worker.ok && worker.exit) outcome.exit = to_view(*worker.exit);
    view.workers.push_back(std::move(outcome));
  }
  return view;
}

// An answer that waits for the output of the workers that failed.
struct Gathering {
  wire::OutcomeView view;
  Responder responder;
  std::size_t missing = 0;

  void finish_if_complete() {
    if (missing == 0) responder.answer(wire::json_response(200, wire::to_text(view)));
  }
};

}  // namespace

void Commands::begin_above(core::CommandId last, std::function<void(core::CommandId)> keep) {
  last_id_ = kept_id_ = static_cast<std::uint64_t>(last);
  keep_id_ = std::move(keep);
}

core::CommandId Commands::next_id() {
  if (last_id_ == kept_id_) {
    kept_id_ += kIdsAtATime;
    if (keep_id_) keep_id_(core::CommandId{kept_id_});
  }
  return core::CommandId{++last_id_};
}

void Commands::wait(core::CommandId id, Waiter waiter, Responder responder) {
  Pending& pending = pending_[id];
  pending.waiter = std::move(waiter);
  pending.responder = std::move(responder);
  pending.responder.on_gone([this, id] { pending_.erase(id); });
  if (!pending.waiter.timeout) return;
  pending.timer.emplace(loop_, [this, id] { time_out(id); });
  pending.timer->after(*pending.waiter.timeout);
}

void Commands::on_answer(core::Answer answer) {
  auto found = pending_.extract(answer.command);
  if (found.empty()) return;
  std::sort(answer.workers.begin(), answer.workers.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  respond(std::move(found.mapped()), answer);
}

void Commands::time_out(core::CommandId id) {
  auto found = pending_.extract(id);
  if (found.empty()) return;
  wire::OutcomeView view;
  view.result = wire::Verdict::timed_out;
  view.roll = static_cast<std::uint64_t>(rolls_.serving(id));
  view.group = found.mapped().waiter.group;
  view.action = found.mapped().waiter.action;
  if (found.mapped().waiter.in_force) view.generation = found.mapped().waiter.in_force();
  view.message = "not done in time; the work goes on";
  found.mapped().responder.answer(wire::json_response(200, wire::to_text(view)));
}

void Commands::leave_to_the_next() {
  for (auto& [id, pending] : std::exchange(pending_, {})) {
    const auto roll = static_cast<std::uint64_t>(rolls_.serving(id));
    const Waiter& waiter = pending.waiter;
    pending.responder.answer(wire::problem_response(
        503, fmt::format("superd becomes another program meanwhile, which goes on with the {} of "
                         "{}{}: superctl why {} tells what comes of it",
                         waiter.action, waiter.group,
                         roll == 0 ? "" : fmt::format(", roll {}", roll), waiter.group)));
  }
}

void Commands::respond(Pending pending, const core::Answer& answer) {
  auto gathering = std::make_shared<Gathering>();
  gathering->view = outcome_view(answer, pending.waiter.action, rolls_);
  if (gathering->view.message.empty()) gathering->view.message = pending.waiter.remark;
  gathering->responder = std::move(pending.responder);
  for (std::size_t i = 0; i < answer.workers.size(); ++i) {
    const core::WorkerOutcome& worker = answer.workers[i];
    if (worker.ok || worker.spawn == core::SpawnId{}) continue;
    if (gathering->missing == kWorkersWithOutput) break;
    ++gathering->missing;
    tail_(worker.spawn, [gathering, i](std::optional<std::vector<logs::Line>> lines) {
      if (lines) {
        for (const logs::Line& line : *lines) {
          gathering->view.workers[i].output.push_back(line.text);
        }
      }
      --gathering->missing;
      gathering->finish_if_complete();
    });
  }
  gathering->finish_if_complete();
}

}  // namespace superd::daemon
