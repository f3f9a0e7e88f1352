#include "core/worker.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "core/worker_step.h"

namespace superd::core {

WorkerStep step(Worker worker, const WorkerEvent& event, const Policy& policy, TimePoint now) {
  WorkerStepper stepper(std::move(worker), policy, now);
  std::visit([&](const auto& e) { stepper.on(e); }, event);
  return stepper.result();
}

bool is_being_started(const Worker& worker) {
  return worker.state == WorkerState::starting && worker.life.has_value();
}

bool is_at_rest(const Worker& worker) {
  if (worker.life || !worker.draining.empty()) return false;
  switch (worker.state) {
    case WorkerState::stopped:
    case WorkerState::failed:
    case WorkerState::exited:
      return true;
    case WorkerState::starting:
    case WorkerState::ready:
    case WorkerState::stopping:
    case WorkerState::backoff:
    case WorkerState::unkillable:
      return false;
  }
  std::abort();
}

bool is_unkillable(const Worker& worker) {
  if (worker.state != WorkerState::unkillable || worker.afterwards != Afterwards::rest) {
    return false;
  }
  if (worker.life && !worker.life->survived_kill) return false;
  return std::all_of(worker.draining.begin(), worker.draining.end(),
                     [](const Life& life) { return life.survived_kill; });
}

// --- requests ---------------------------------------------------------------------------------

void WorkerStepper::on(const worker_event::Start& e) {
  w_.starters.push_back(e.command);
  switch (w_.state) {
    case WorkerState::stopped:
    case WorkerState::failed:
    case WorkerState::exited:
      w_.failures = Failures{};
      queue(e.cause, "");
      return;
    case WorkerState::backoff:
      queue(e.cause, "");
      return;
    case WorkerState::starting:
      return;
    case WorkerState::ready:
      settle_starters({.number = w_.ref.number});
      return;
    case WorkerState::stopping:
      settle_stoppers(failure("was started again before it had stopped"));
      if (!w_.life) return queue(e.cause, "");
      w_.afterwards = Afterwards::start;
      w_.cause = e.cause;
      return;
    case WorkerState::unkillable:
      settle_starters(failure("has a process that cannot be killed"));
      return;
  }
  std::abort();
}

void WorkerStepper::on(const worker_event::Stop& e) {
  settle_starters(failure("was stopped before it was ready"));
  w_.roll_to.reset();
  w_.stoppers.push_back(e.command);
  switch (w_.state) {
    case WorkerState::starting:
    case WorkerState::ready:
      w_.queued = false;
      if (w_.life) {
        leave(Afterwards::rest, e.cause, "");
      } else {
        rest_or_drain(e.cause);
      }
      return;
    case WorkerState::stopped:
    case WorkerState::failed:
    case WorkerState::exited:
    case WorkerState::backoff:
      cancel_backoff();
      rest_or_drain(e.cause);
      return;
    case WorkerState::stopping:
      w_.afterwards = Afterwards::rest;
      w_.cause = e.cause;
      return;
    case WorkerState::unkillable:
      w_.afterwards = Afterwards::rest;
      w_.cause = e.cause;
      settle_stoppers(failure("has a process that cannot be killed"));
      return;
  }
  std::abort();
}

void WorkerStepper::on(const worker_event::Restart& e) {
  if (w_.state == WorkerState::unkillable) {
    w_.starters.push_back(e.command);
    settle_starters(failure("has a process that cannot be killed"));
    return;
  }
  // A worker that a roll has in hand stays in it.
  if (e.generation) w_.roll_to = e.generation;
  if (w_.life) {
    w_.starters.push_back(e.command);
    if (w_.state == WorkerState::stopping) {
      w_.afterwards = Afterwards::start;
      w_.cause = e.cause;
      settle_stoppers(failure("was started again before it had stopped"));
    } else {
      leave(Afterwards::start, e.cause, "");
    }
    return;
  }
  on(worker_event::Start{.command = e.command, .cause = e.cause});
}

void WorkerStepper::on(const worker_event::Kill& e) {
  settle_starters(failure("was stopped before it was ready"));
  w_.afterwards = Afterwards::rest;
  w_.roll_to.reset();
  w_.queued = false;
  cancel_backoff();
  if (w_.life) {
    if (w_.state != WorkerState::stopping && w_.state != WorkerState::unkillable) {
      leave(Afterwards::rest, e.cause, "");
    }
    kill(*w_.life);
  } else if (w_.state != WorkerState::stopping && w_.state != WorkerState::unkillable) {
    rest_or_drain(e.cause);
  }
  for (Life& life : w_.draining) kill(life);
}

// --- what became of a process -----------------------------------------------------------------

void WorkerStepper::on(const worker_event::Turn& e) {
  if (!w_.queued) return;
  w_.queued = false;
  w_.life = Life{.spawn = e.spawn,
                 .generation = w_.roll_to.value_or(e.generation),
                 .started = now_,
                 .deadline = in(policy_.ready.timeout),
                 .ready_since = {}};
  effects_.push_back(Spawn{.spawn = e.spawn, .worker = w_.ref, .generation = w_.life->generation});
  arm(TimerKind::ready_timeout, e.spawn, w_.life->deadline);
}

void WorkerStepper::on(const ProcessMade& e) {
  if (Life* life = find(e.spawn)) life->pid = e.pid;
}

void WorkerStepper::on(const ProgramExecuted& e) {
  if (!is_current(e.spawn) || w_.state != WorkerState::starting) return;
  switch (policy_.ready.when) {
    case ReadyWhen::automatic:
    case ReadyWhen::delay:
      arm(TimerKind::ready_delay, e.spawn, in(policy_.ready.delay));
      return;
    case ReadyWhen::notify:
    case ReadyWhen::listening:
    case ReadyWhen::exec:
    case ReadyWhen::fd:
      return;
  }
  std::abort();
}

void WorkerStepper::on(const ReadinessSeen& e) {
  if (is_current(e.spawn) && policy_.ready.when == ReadyWhen::notify) become_ready();
}

void WorkerStepper::on(const TimeoutExtended& e) {
  Life* life = find(e.spawn);
  if (life == nullptr || in(e.by) <= life->deadline || life->kills > 0) return;
  const bool getting_ready = is_current(e.spawn) && w_.state == WorkerState::starting;
  if (!getting_ready && !is_leaving(e.spawn)) return;
  life->deadline = in(e.by);
  arm(getting_ready ? TimerKind::ready_timeout : TimerKind::kill, e.spawn, life->deadline);
}

void WorkerStepper::on(const MainExited& e) {
  Life* life = find(e.spawn);
  if (life == nullptr || life->main_gone) return;
  life->main_gone = true;
  if (!is_current(e.spawn)) return;
  w_.last_exit = e.exit;
  w_.last_spawn = e.spawn;
  if (is_leaving(e.spawn)) {
    // What a main process leaves behind when it has handled the signal may still be serving (the
    // workers of a node cluster): it is waited for, and nothing but the deadline ends it. One that
    // the signal itself killed (a shell) has told nobody.
    const bool told_nobody = e.exit == Exit::by_signal(policy_.stop.signal);
    if (told_nobody && life->kills == 0) {
      effects_.push_back(SignalTree{.spawn = e.spawn, .signal = policy_.stop.signal});
    }
    return;
  }
  const bool was_ready = w_.state == WorkerState::ready;
  const Duration ready_for = was_ready ? now_ - *w_.life->ready_since : Duration::zero();
  cancel(TimerKind::ready_delay, e.spawn);
  cancel(TimerKind::ready_timeout, e.spawn);
  drain();
  const std::string message =
      was_ready ? describe(e.exit) : describe(e.exit) + before_ready(e.exit);
  after_unasked_end(ready_for, is_clean(e.exit, policy_.respawn), message);
}

void WorkerStepper::on(const TreeGone& e) {
  const Life* life = find(e.spawn);
  if (life == nullptr) return;
  if (!life->main_gone) on(MainExited{.spawn = e.spawn, .exit = {}});
  cancel(TimerKind::kill, e.spawn);
  effects_.push_back(Forget{.spawn = e.spawn});
  if (is_current(e.spawn)) {
    w_.life.reset();
  } else {
    std::erase_if(w_.draining, [&](const Life& l) { return l.spawn == e.spawn; });
  }
  if (w_.life) return;
  if (w_.state == WorkerState::stopping || w_.state == WorkerState::unkillable) after_leaving();
}

void WorkerStepper::on(const TimerFired& e) {
  switch (e.key.kind) {
    case TimerKind::ready_delay:
      if (is_current(e.key.spawn)) become_ready();
      return;
    case TimerKind::ready_timeout:
      if (is_current(e.key.spawn) && w_.state == WorkerState::starting) not_ready_in_time();
      return;
    case TimerKind::kill:
      if (is_leaving(e.key.spawn)) kill(*find(e.key.spawn));
      return;
    case TimerKind::backoff:
      if (w_.state != WorkerState::backoff || e.key.spawn != w_.last_spawn) return;
      ++w_.restarts;
      queue("exit", "");
      return;
    case TimerKind::soak:
    case TimerKind::patience:
      return;
  }
  std::abort();
}

}  // namespace superd::core
