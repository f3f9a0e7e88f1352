#include "daemon/routes.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "os/process_table.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

constexpr std::size_t kWhyEvents = 20;

bool is_well(const core::Worker& worker) {
  return worker.state == core::WorkerState::ready || worker.state == core::WorkerState::stopped;
}

}  // namespace

void Routes::handle(Door door, const wire::Request& request, const os::Peer& peer,
                    Responder responder) {
  tl::expected<wire::Command, wire::Response> command = wire::route(request);
  if (!command) {
    responder.answer(std::move(command.error()));
    return;
  }
  Ask ask{.rights = rights_of(door, peer),
          .cause = fmt::format("command uid={} pid={}", peer.uid, peer.pid),
          .asker = peer.pid,
          .out = std::move(responder)};
  if (ask.rights.self) ask.cause = "worker " + core::to_string(*ask.rights.self);
  if (!ask.rights.everything && !ask.rights.self) {
    ask.out.answer(wire::problem_response(
        403, door == Door::control
                 ? "only root and superd's own user may use the control socket"
                 : "the worker socket is for superd's workers; use the control socket"));
    return;
  }
  std::visit([&](const auto& c) { on(std::move(ask), c); }, *command);
}

Rights Routes::rights_of(Door door, const os::Peer& peer) const {
  // A peer whose process is not certain has no worker's rights: it could be anybody by now.
  if (peer.process) {
    if (const auto spawn = parts_.tracker.owner(peer.pid)) {
      if (const core::Worker* worker = parts_.core.owner(*spawn)) {
        return {.everything = false, .self = worker->ref, .errand = false};
      }
      const std::optional<core::WorkerRef> worker = parts_.errands.worker_of(*spawn);
      return {.everything = false, .self = worker, .errand = worker.has_value()};
    }
  }
  switch (door) {
    case Door::control:
      return {.everything = peer.uid == 0 || peer.uid == geteuid(), .self = {}, .errand = false};
    case Door::worker:
      return {};
  }
  std::abort();
}

const core::Group* Routes::find(Ask& ask, const wire::GroupName& name) {
  if (!name && !ask.rights.self) {
    ask.out.answer(wire::problem_response(404, "self: the caller is no process of a worker"));
    return nullptr;
  }
  const std::string wanted = name ? *name : ask.rights.self->group;
  const core::Group* group = parts_.core.find(wanted);
  if (group == nullptr) {
    ask.out.answer(wire::problem_response(404, fmt::format("no group {}", wanted)));
  } else if (!ask.rights.everything && ask.rights.self->group != wanted) {
    ask.out.answer(wire::problem_response(
        403, fmt::format("a worker of {} sees its own group alone", ask.rights.self->group)));
    return nullptr;
  }
  return group;
}

const core::Worker* Routes::find(Ask& ask, const wire::WorkerName& name) {
  if (!name && !ask.rights.self) {
    ask.out.answer(wire::problem_response(404, "self: the caller is no process of a worker"));
    return nullptr;
  }
  const core::WorkerRef wanted = name ? *name : *ask.rights.self;
  if (find(ask, wire::GroupName(wanted.group)) == nullptr) return nullptr;
  const core::Worker* worker = parts_.core.find(wanted);
  if (worker == nullptr) {
    ask.out.answer(
        wire::problem_response(404, fmt::format("no worker {}", core::to_string(wanted))));
  }
  return worker;
}

bool Routes::may_act(Ask& ask) {
  if (ask.rights.errand) {
    ask.out.answer(wire::problem_response(
        403, fmt::format("a command that runs for {} may look, and change nothing",
                         ask.rights.self->group)));
    return false;
  }
  const std::string busy = hooks_.busy();
  if (!busy.empty()) {
    ask.out.answer(wire::problem_response(503, busy));
    return false;
  }
  return !ask.rights.self || grants_wish(ask);
}

// --- looking ----------------------------------------------------------------------------------

void Routes::on(Ask ask, const wire::GetStatus&) {
  wire::StatusView view;
  view.superd = hooks_.superd();
  for (const std::string& name : parts_.core.names()) {
    if (!ask.rights.everything && ask.rights.self->group != name) continue;
    view.groups.push_back(group_view(*parts_.core.find(name)));
  }
  ask.out.answer(wire::json_response(200, wire::to_text(view)));
}

void Routes::on(Ask ask, const wire::GetDoctor&) {
  if (!ask.rights.everything) {
    ask.out.answer(wire::problem_response(403, "a worker sees its own group alone"));
    return;
  }
  ask.out.answer(wire::json_response(200, wire::to_text(hooks_.doctor())));
}

void Routes::on(Ask ask, const wire::GetGroup& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr) return;
  // It may be removed while the client waits.
  const auto view = [this, name = group->name] {
    const core::Group* found = parts_.core.find(name);
    if (found == nullptr) return wire::problem_response(404, fmt::format("{} was removed", name));
    return wire::json_response(200, wire::to_text(full_view(*found)));
  };
  if (!command.until) return ask.out.answer(view());
  Waiter waiter;
  waiter.reached = [this, name = group->name, state = command.until->state] {
    const core::Group* found = parts_.core.find(name);
    return found == nullptr || found->state == state;
  };
  waiter.view = view;
  waiter.out = std::move(ask.out);
  wait_until(std::move(waiter), command.until->timeout);
}

void Routes::on(Ask ask, const wire::GetWorker& command) {
  const core::Worker* worker = find(ask, command.worker);
  if (worker == nullptr) return;
  const core::WorkerRef ref = worker->ref;
  const auto view = [this, ref] {
    const core::Worker* found = parts_.core.find(ref);
    if (found == nullptr) {
      return wire::problem_response(404, fmt::format("{} was removed", core::to_string(ref)));
    }
    return wire::json_response(200, wire::to_text(full_view(*found)));
  };
  if (!command.until) return ask.out.answer(view());
  Waiter waiter;
  waiter.reached = [this, ref, state = command.until->state] {
    const core::Worker* found = parts_.core.find(ref);
    return found == nullptr || found->state == state;
  };
  waiter.view = view;
  waiter.out = std::move(ask.out);
  wait_until(std::move(waiter), command.until->timeout);
}

void Routes::on(Ask ask, const wire::GetGroupPids& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr) return;
  wire::PidsView view;
  view.group = group->name;
  for (const core::Worker& worker : group->workers) {
    for (wire::PidView& pid : pids_of(worker)) view.pids.push_back(std::move(pid));
  }
  ask.out.answer(wire::json_response(200, wire::to_text(view)));
}

void Routes::on(Ask ask, const wire::GetPid& command) {
  const auto pid = static_cast<pid_t>(command.pid);
  const std::vector<pid_t> unknown = parts_.tracker.unknown();
  if (ask.rights.everything && std::find(unknown.begin(), unknown.end(), pid) != unknown.end()) {
    ask.out.answer(wire::json_response(200, wire::to_text(unknown_view(pid))));
    return;
  }
  const auto spawn = parts_.tracker.owner(pid);
  const core::Worker* worker = spawn ? parts_.core.owner(*spawn) : nullptr;
  const bool visible =
      worker != nullptr && (ask.rights.everything || ask.rights.self->group == worker->ref.group);
  if (!visible) {
    ask.out.answer(
        wire::problem_response(404, fmt::format("process {} is not superd's", command.pid)));
    return;
  }
  ask.out.answer(wire::json_response(200, wire::to_text(pid_view(*worker, *spawn, pid))));
}

void Routes::on(Ask ask, const wire::GetGroupWhy& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr) return;
  std::vector<const core::Worker*> workers;
  for (const core::Worker& worker : group->workers) workers.push_back(&worker);
  wire::HistoryView view = history_view(*group, parts_.history, Moment::now());
  view.roll = roll_view(group->name);
  view.held = parts_.automatic.held(group->name);
  view.looks_because = parts_.triggers.degraded(group->name);
  view.repeats = parts_.triggers.repeats(group->name);
  view.deaf = parts_.demand.trouble(group->name);
  view.events = parts_.happened.story_of(group->name, "", kWhyEvents);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (is_well(*workers[i])) continue;
    view.workers[i].events =
        parts_.happened.story_of(group->name, view.workers[i].name, kWhyEvents);
  }
  answer_why(std::move(ask.out), std::move(view), workers);
}

void Routes::on(Ask ask, const wire::GetWorkerWhy& command) {
  const core::Worker* worker = find(ask, command.worker);
  if (worker == nullptr) return;
  wire::HistoryView view = history_view(*worker, parts_.history, Moment::now());
  view.events = parts_.happened.story_of(worker->ref.group, view.name, kWhyEvents);
  answer_why(std::move(ask.out), std::move(view), {worker});
}

void Routes::on(Ask ask, const wire::GetMetrics&) {
  if (ask.rights.everything) return hooks_.metrics(std::move(ask.out));
  ask.out.answer(wire::problem_response(
      403, fmt::format("the metrics tell of every group, and a worker of {} sees its own alone",
                       ask.rights.self->group)));
}

// --- waiting ----------------------------------------------------------------------------------

void Routes::wait_until(Waiter waiter, std::optional<core::Duration> timeout) {
  if (waiter.reached()) {
    waiter.out.answer(waiter.view());
    return;
  }
  Waiter& kept = waiters_.emplace_back(std::move(waiter));
  kept.out.on_gone([&kept] { kept.over = true; });
  if (!timeout) return;
  kept.timer.emplace(parts_.loop, [this, &kept] {
    kept.over = true;
    answer_waiters();
  });
  kept.timer->after(*timeout);
}

void Routes::leave_to_the_next() {
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    waiter.out.answer(
        wire::problem_response(503, "superd becomes another program meanwhile: ask that one"));
  }
}

void Routes::answer_waiters() {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (!it->over && !it->reached()) {
      ++it;
      continue;
    }
    // Taken out first: an answer may lead back here.
    std::list<Waiter> done;
    done.splice(done.begin(), waiters_, it++);
    done.front().out.answer(done.front().view());
  }
}

}  // namespace superd::daemon
