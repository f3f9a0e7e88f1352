#include "core/worker.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/worker_step.h"

namespace superd::core {

Policy make_policy(const GroupSpec& spec) {
  const ReadyWhen when = effective(spec.ready.when, !spec.listen.empty());
  return Policy{.terms = {.ready = {.when = when,
                                    .timeout = spec.ready.timeout,
                                    .soak = spec.ready.soak,
                                    .delay = spec.ready.delay},
                          .stop = spec.stop},
                .older = {},
                .roll = spec.roll,
                .respawn = spec.respawn};
}

const Terms& terms_of(const Policy& policy, int generation) {
  const auto found = policy.older.find(generation);
  return found == policy.older.end() ? policy.terms : found->second;
}

WorkerStep step(Worker worker, const WorkerEvent& event, const Policy& policy, TimePoint now) {
  WorkerStepper stepper(std::move(worker), policy, now);
  std::visit([&](const auto& e) { stepper.on(e); }, event);
  return stepper.result();
}

bool is_being_started(const Worker& worker) {
  return worker.next || (worker.state == WorkerState::starting && worker.life);
}

bool is_at_rest(const Worker& worker) {
  if (worker.life || worker.next || !worker.draining.empty()) return false;
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
  drop_next();
  settle_starters(failure("was stopped before it was ready"));
  settle_replacers(failure("was stopped before its new process was ready"));
  w_.roll_to.reset();
  w_.stoppers.push_back(e.command);
  // However much time they asked for: whoever stops the worker waits no longer than this.
  for (Life& life : w_.draining) hurry(life);
  if (w_.life && is_leaving(w_.life->spawn)) hurry(*w_.life);
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
  const bool goes_on = w_.state == WorkerState::starting || w_.state == WorkerState::ready;
  if (e.strategy == RollStrategy::rolling && w_.life && goes_on) return replace_later(e);
  // A worker that a roll has in hand stays in it.
  if (e.generation) w_.roll_to = e.generation;
  if (w_.life) {
    drop_next();
    std::move(w_.replacers.begin(), w_.replacers.end(), std::back_inserter(w_.starters));
    w_.replacers.clear();
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

// What is already on its way to take the place is as good, unless a roll wants it by its recipe.
void WorkerStepper::replace_later(const worker_event::Restart& e) {
  if (e.generation && w_.next && w_.next->generation != *e.generation) drop_next();
  w_.replacers.push_back(e.command);
  w_.next_cause = e.cause;
  if (w_.next) return;
  w_.queued = true;
  if (e.generation) w_.roll_to = e.generation;
}

void WorkerStepper::on(const worker_event::Withdraw& e) {
  w_.roll_to.reset();
  WorkerOutcome outcome = failure(e.why);
  if (w_.next) outcome.left = w_.next->spawn;
  drop_next();
  settle_replacers(outcome);
}

void WorkerStepper::on(const worker_event::Vacate& e) {
  drop_next();
  settle_starters(failure("was stopped before it was ready"));
  settle_replacers(failure("was stopped before its new process was ready"));
  w_.roll_to.reset();
  w_.queued = false;
  cancel_backoff();
  if (w_.life) {
    const bool leaves = is_leaving(w_.life->spawn);
    Life life = *std::exchange(w_.life, std::nullopt);
    if (leaves) {
      w_.draining.push_back(life);
    } else {
      move_out(life);
    }
  }
  rest_or_drain(e.cause);
}

void WorkerStepper::on(const worker_event::Kill& e) {
  drop_next();
  settle_starters(failure("was stopped before it was ready"));
  settle_replacers(failure("was stopped before its new process was ready"));
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
  if (!std::exchange(w_.queued, false)) return;
  begin_life(e.spawn, std::exchange(w_.roll_to, std::nullopt).value_or(e.generation));
}

void WorkerStepper::on(const ProcessMade& e) {
  if (Life* life = find(e.spawn)) life->pid = e.pid;
}

void WorkerStepper::on(const ProgramExecuted& e) {
  const Life* life = getting_ready(e.spawn);
  if (life != nullptr && !life->soaks_since) watch_readiness(*life);
}

void WorkerStepper::on(const ReadinessSeen& e) {
  Life* life = getting_ready(e.spawn);
  if (life != nullptr && life->ready.when == e.by) seen_ready(*life);
}

void WorkerStepper::on(const TimeoutExtended& e) {
  Life* life = find(e.spawn);
  if (life == nullptr || in(e.by) <= life->deadline || life->kills > 0) return;
  const bool waits = getting_ready(e.spawn) != nullptr && !life->soaks_since;
  if (!waits && !is_leaving(e.spawn)) return;
  life->deadline = in(e.by);
  arm(waits ? TimerKind::ready_timeout : TimerKind::kill, e.spawn, life->deadline);
}

void WorkerStepper::on(const MainExited& e) {
  Life* life = find(e.spawn);
  if (life == nullptr || life->main_gone) return;
  life->main_gone = true;
  if (is_current(e.spawn)) {
    w_.last_exit = e.exit;
    w_.last_spawn = e.spawn;
  }
  if (is_leaving(e.spawn)) return main_of_leaving_ended(*life, e.exit);
  if (is_next(e.spawn)) {
    const WorkerOutcome outcome = failure(early_end(*life, e.exit), *life, e.exit);
    drain(*std::exchange(w_.next, std::nullopt));
    fail_next(outcome);
    return;
  }
  const bool was_ready = w_.state == WorkerState::ready;
  const Duration ready_for = was_ready ? now_ - *life->ready_since : Duration::zero();
  const std::string message = was_ready ? describe(e.exit) : early_end(*life, e.exit);
  const WorkerOutcome outcome = failure(message, *life, e.exit);
  const bool goes_on = has_successor();
  drain(*std::exchange(w_.life, std::nullopt));
  if (goes_on) {
    settle_starters(outcome);
    hand_over(message);
  } else {
    after_unasked_end(ready_for, e.exit, message);
  }
}

void WorkerStepper::on(const TreeGone& e) {
  const Life* life = find(e.spawn);
  if (life == nullptr) return;
  if (!life->main_gone) on(MainExited{.spawn = e.spawn, .exit = {}});
  cancel(TimerKind::kill, e.spawn);
  if (!is_current(e.spawn)) cancel(TimerKind::patience, e.spawn);
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
  Life* coming = getting_ready(e.key.spawn);
  switch (e.key.kind) {
    case TimerKind::ready_delay:
      if (coming != nullptr) seen_ready(*coming);
      return;
    case TimerKind::ready_timeout:
      if (coming != nullptr && !coming->soaks_since) not_ready_in_time(Life(*coming), e.why);
      return;
    case TimerKind::soak:
      if (coming != nullptr && coming->soaks_since) soaked(*coming);
      return;
    case TimerKind::kill:
      if (is_leaving(e.key.spawn)) kill(*find(e.key.spawn));
      return;
    case TimerKind::backoff:
      if (w_.state != WorkerState::backoff || e.key.spawn != w_.last_spawn) return;
      ++w_.restarts;
      queue("exit", "");
      return;
    case TimerKind::patience:
      return;
  }
  std::abort();
}

}  // namespace superd::core
