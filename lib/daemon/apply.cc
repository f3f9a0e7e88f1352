#include "daemon/apply.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "config/load_here.h"
#include "daemon/supervisor_state.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

using Change = core::GroupConfigured::Recipe;
using What = config::GroupChange::What;

constexpr const char* kCause = "config";

const core::GroupSpec* find(const core::Spec& spec, const std::string& name) {
  for (const core::GroupSpec& group : spec.groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

// What failed, from the first worker that tells.
std::string reason_of(const core::Answer& answer) {
  if (!answer.message.empty()) return answer.message;
  for (const core::WorkerOutcome& worker : answer.workers) {
    if (worker.ok) continue;
    return core::to_string({.group = answer.group, .number = worker.number}) + " " + worker.message;
  }
  return "failed";
}

std::string failures(const std::vector<wire::AppliedView>& groups) {
  std::vector<std::string> failed;
  for (const wire::AppliedView& each : groups) {
    if (each.result == wire::Verdict::done) continue;
    failed.push_back(fmt::format("{}: {}", each.group, each.message));
  }
  return join(failed, "; ");
}

wire::Response rejected(const std::vector<std::string>& errors) {
  wire::Problem problem{
      .title = wire::reason_phrase(422),
      .status = 422,
      .detail = fmt::format(
          "the config was rejected, and nothing was changed: {}",
          errors.size() == 1 ? errors.front() : fmt::format("{} errors", errors.size()))};
  problem.errors = errors;
  return {
      .status = 422, .content_type = "application/problem+json", .body = wire::to_text(problem)};
}

}  // namespace

Apply::Apply(std::string file, Parts parts, Hooks hooks)
    : file_(std::move(file)), parts_(parts), hooks_(std::move(hooks)) {}

void Apply::request(const wire::ApplyRequest& request, const std::string& cause,
                    Responder responder) {
  take_up({.request = request,
           .cause = cause,
           .responder = std::move(responder),
           .timer = std::nullopt});
}

void Apply::request(const std::string& cause) {
  take_up({.request = {}, .cause = cause, .responder = {}, .timer = std::nullopt});
}

void Apply::take_up(Asked asked) {
  later_.push_back(std::move(asked));
  const auto it = std::prev(later_.end());
  if (it->request.timeout) {
    it->timer.emplace(parts_.loop, [this, it] { time_out(it); });
    it->timer->after(*it->request.timeout);
  }
  if (!running_) begin();
}

// What changed is read once for all who asked meanwhile; a dry run is one of its own.
void Apply::begin() {
  if (later_.empty()) return;
  running_ = true;
  const bool dry_run = later_.front().request.dry_run;
  for (auto it = later_.begin(); it != later_.end();) {
    const auto next = std::next(it);
    if (it->request.dry_run == dry_run) now_.splice(now_.end(), later_, it);
    it = next;
  }
  cause_ = now_.front().cause;
  loading_.emplace(loop::Work::with_result<config::Loaded>(
      parts_.loop, [file = file_] { return config::load_here(file); },
      [this](const config::Loaded& loaded) { on_loaded(loaded); }));
}

void Apply::on_loaded(const config::Loaded& loaded) {
  loading_.reset();
  if (!loaded.errors.empty()) {
    std::vector<std::string> errors;
    for (const config::ConfigError& error : loaded.errors) errors.push_back(to_string(error));
    return reject(errors);
  }
  if (parts_.core.shutting_down()) return reject({"superd is shutting down"});
  const config::Plan plan = config::compare(parts_.spec, loaded.spec);
  plan_ = config::describe(plan);
  if (!now_.empty() && now_.front().request.dry_run) return end("planned");
  if (const std::optional<Error> closed = open_sockets(loaded.spec, plan)) {
    forget_addresses();
    return reject({closed->message});
  }
  for (const std::string& line : plan_) log::info("apply: {}", line);
  for (Asked& asked : now_) {
    if (asked.request.wait != wire::Wait::no) continue;
    const wire::ApplyView begun{.result = "begun", .plan = plan_};
    asked.responder.answer(wire::json_response(202, wire::to_text(begun)));
  }
  carry_out(loaded.spec);
}

// Of what runs or will start by itself; the others open theirs at their first start.
std::optional<Error> Apply::open_sockets(const core::Spec& wanted, const config::Plan& plan) {
  for (const core::GroupSpec& group : wanted.groups) {
    const core::Group* known = parts_.core.find(group.name);
    const bool runs = known != nullptr && known->state != core::GroupState::stopped;
    const bool starts = known == nullptr && group.autostart;
    if (!runs && !starts) continue;
    for (const core::ListenSpec& socket : group.listen) addresses_.insert(socket.address);
    const Status opened = parts_.listeners.open(group);
    if (opened) continue;
    Error closed{.code = opened.error().code,
                 .message = fmt::format("{}: group.{}.listen: {}", config::to_string(group.place),
                                        group.name, opened.error().message)};
    if (!may_wait(group, closed, plan)) return closed;
    log::warn("apply: {}", closed.message);
  }
  return std::nullopt;
}

// What this apply does not bring about is no reason against it.
bool Apply::may_wait(const core::GroupSpec& group, const Error& closed, const config::Plan& plan) {
  const bool changes =
      std::any_of(plan.groups.begin(), plan.groups.end(),
                  [&](const config::GroupChange& change) { return change.group == group.name; });
  return !changes || closed.code == Listeners::kNotTaken;
}

void Apply::carry_out(const core::Spec& wanted) {
  const config::Plan plan = config::compare(parts_.spec, wanted);
  giving_ = true;
  hooks_.take_daemon(wanted);
  std::vector<std::string> removed;
  for (const config::GroupChange& change : plan.groups) {
    if (change.what == What::removed) {
      removed.push_back(change.group);
    } else {
      carry_out(change, find(wanted, change.group));
    }
  }
  remove(std::move(removed));
  std::vector<std::string> order;
  for (const core::GroupSpec& group : wanted.groups) order.push_back(group.name);
  hooks_.happen(core::GroupsOrdered{.names = std::move(order)});
  giving_ = false;
  if (steps_.empty()) end("");
}

void Apply::carry_out(const config::GroupChange& change, const core::GroupSpec* wanted) {
  Step step{.view = {.group = change.group}, .then = nullptr, .is_new = change.what == What::added};
  if (change.what == What::added) {
    hooks_.happen(core::GroupConfigured{.command = core::kOwnCommand,
                                        .spec = std::make_shared<const core::GroupSpec>(*wanted),
                                        .recipe = Change::anew,
                                        .cause = kCause});
    if (!change.starts) {
      done_.push_back(std::move(step.view));
      return;
    }
    const core::CommandId id = announce(change.group, "start", std::move(step));
    hooks_.happen(start_of(*wanted, id, kCause));
    return;
  }
  if (!config::needs_roll(change)) return configure(*wanted, Change::same, std::move(step));
  core::GroupSpec rolled = *wanted;
  rolled.workers = change.workers_before;
  const bool more_follows = change.workers_before != change.workers_after;
  if (more_follows) step.then = std::make_shared<const core::GroupSpec>(*wanted);
  configure(rolled, Change::anew, std::move(step));
}

void Apply::remove(std::vector<std::string> groups) {
  while (!groups.empty()) {
    const auto needed = [&](const std::string& name) {
      const std::vector<std::string> by = parts_.core.dependencies().needing(name);
      return std::any_of(groups.begin(), groups.end(), [&](const std::string& other) {
        return std::find(by.begin(), by.end(), other) != by.end();
      });
    };
    const auto next = std::find_if_not(groups.begin(), groups.end(), needed);
    const std::string name = next == groups.end() ? groups.front() : *next;
    std::erase(groups, name);
    if (parts_.core.find(name) == nullptr) continue;
    const core::CommandId id = announce(name, "stop", {.view = {.group = name}, .then = nullptr});
    hooks_.happen(core::GroupRemoved{.command = id, .group = name, .cause = kCause});
  }
}

void Apply::configure(const core::GroupSpec& spec, Change recipe, Step step) {
  const bool rolls = recipe == Change::anew;
  const core::CommandId id = announce(spec.name, rolls ? "restart" : "apply", std::move(step));
  hooks_.happen(core::GroupConfigured{.command = id,
                                      .spec = std::make_shared<const core::GroupSpec>(spec),
                                      .recipe = recipe,
                                      .cause = kCause});
}

core::CommandId Apply::announce(const std::string& group, const char* action, Step step) {
  const core::CommandId id = parts_.orders.announce({.group = group}, action, kCause);
  step.view.roll = static_cast<std::uint64_t>(id);
  steps_[id] = std::move(step);
  return id;
}

bool Apply::on_answer(const core::Answer& answer) {
  auto found = steps_.extract(answer.command);
  if (found.empty()) return false;
  Step step = std::move(found.mapped());
  step.view.roll = static_cast<std::uint64_t>(answer.roll);
  if (answer.ok && step.then != nullptr) {
    const core::SpecPtr then = std::exchange(step.then, nullptr);
    configure(*then, Change::same, std::move(step));
    return true;
  }
  if (!answer.ok) {
    step.view.result = wire::Verdict::failed;
    step.view.message =
        fmt::format("{}; {}", reason_of(answer),
                    step.is_new ? "it is there all the same, and goes on by its respawn"
                                : "it keeps its configuration");
  }
  done_.push_back(std::move(step.view));
  if (steps_.empty() && !giving_) end("");
  return true;
}

void Apply::reject(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) log::error("apply: {}", error);
  hooks_.told(false, cause_, errors.front());
  answer(rejected(errors));
}

void Apply::forget_addresses() {
  addresses_.clear();
  hooks_.close_unused_listeners();
}

void Apply::end(const std::string& result) {
  if (!addresses_.empty()) forget_addresses();
  std::vector<wire::AppliedView> groups = std::exchange(done_, {});
  const bool failed = std::any_of(groups.begin(), groups.end(), [](const wire::AppliedView& each) {
    return each.result != wire::Verdict::done;
  });
  for (const wire::AppliedView& each : groups) {
    if (each.result == wire::Verdict::done) continue;
    log::error("apply: {}: {}", each.group, each.message);
  }
  const std::string word = !result.empty() ? result : failed ? "failed" : "done";
  if (word != "planned") {
    hooks_.told(!failed, cause_,
                failed          ? failures(groups)
                : plan_.empty() ? "nothing differs"
                                : join(plan_, "; "));
  }
  const wire::ApplyView view{
      .result = word, .plan = std::exchange(plan_, {}), .groups = std::move(groups)};
  answer(wire::json_response(200, wire::to_text(view)));
}

void Apply::answer(const wire::Response& response) {
  for (Asked& asked : std::exchange(now_, {})) asked.responder.answer(response);
  running_ = false;
  begin();
}

void Apply::time_out(std::list<Asked>::iterator asked) {
  const wire::ApplyView view{.result = "timed-out", .plan = plan_};
  asked->responder.answer(wire::json_response(200, wire::to_text(view)));
}

void Apply::abandon(const std::string& why) {
  for (std::list<Asked>* list : {&now_, &later_}) {
    for (Asked& asked : *list) {
      asked.responder.answer(wire::problem_response(503, why));
    }
  }
}

}  // namespace superd::daemon
