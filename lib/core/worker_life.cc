#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "core/worker_step.h"

namespace superd::core {
namespace {

bool is_watched_for(ReadyWhen when) {
  switch (when) {
    case ReadyWhen::listening:
    case ReadyWhen::exec:
    case ReadyWhen::fd:
    case ReadyWhen::log:
    case ReadyWhen::http:
      return true;
    case ReadyWhen::automatic:
    case ReadyWhen::notify:
    case ReadyWhen::delay:
      return false;
  }
  std::abort();
}

}  // namespace

void WorkerStepper::begin_life(SpawnId spawn, int generation) {
  const ReadyTerms& ready = terms_of(policy_, generation).ready;
  const Life life{.spawn = spawn,
                  .generation = generation,
                  .ready = ready,
                  .started = now_,
                  .deadline = in(ready.timeout),
                  .soaks_since = {},
                  .ready_since = {}};
  (w_.life ? w_.next : w_.life) = life;
  effects_.push_back(Spawn{.spawn = spawn, .worker = w_.ref, .generation = generation});
  arm(TimerKind::ready_timeout, spawn, life.deadline);
}

void WorkerStepper::watch_readiness(const Life& life) {
  if (life.ready.when == ReadyWhen::delay) {
    arm(TimerKind::ready_delay, life.spawn, in(life.ready.delay));
  } else if (is_watched_for(life.ready.when)) {
    effects_.push_back(WatchReadiness{.spawn = life.spawn});
  }
}

void WorkerStepper::forget_readiness(const Life& life) {
  if (life.ready.when == ReadyWhen::delay) cancel(TimerKind::ready_delay, life.spawn);
  if (is_watched_for(life.ready.when)) effects_.push_back(UnwatchReadiness{.spawn = life.spawn});
  if (life.ready.soak > Duration::zero()) cancel(TimerKind::soak, life.spawn);
  cancel(TimerKind::ready_timeout, life.spawn);
}

void WorkerStepper::seen_ready(Life& life) {
  if (life.soaks_since) return;
  forget_readiness(life);
  life.soaks_since = now_;
  if (life.ready.soak > Duration::zero()) {
    arm(TimerKind::soak, life.spawn, in(life.ready.soak));
  } else {
    soaked(life);
  }
}

void WorkerStepper::soaked(Life& life) {
  life.ready_since = now_;
  if (is_next(life.spawn)) {
    replace();
  } else {
    become_ready();
  }
}

void WorkerStepper::not_ready_in_time(const Life& late, const std::string& why) {
  std::string message = fmt::format("was not ready within {}", in_words(late.ready.timeout));
  if (!why.empty()) message += ": " + why;
  const WorkerOutcome outcome = failure(message, late, std::nullopt);
  if (is_next(late.spawn)) {
    move_out(*std::exchange(w_.next, std::nullopt));
    fail_next(outcome);
    return;
  }
  w_.last_spawn = late.spawn;
  w_.last_exit.reset();
  settle_starters(outcome);
  if (has_successor()) {
    move_out(*std::exchange(w_.life, std::nullopt));
    hand_over(message);
  } else {
    leave(Afterwards::respawn, "exit", message);
  }
}

void WorkerStepper::ask_to_leave(Life& life) {
  if (!life.ready_since) forget_readiness(life);
  effects_.push_back(SignalMain{.spawn = life.spawn, .signal = stop_of(life).signal});
  life.deadline = in(stop_of(life).timeout);
  arm(TimerKind::kill, life.spawn, life.deadline);
}

void WorkerStepper::move_out(Life life) {
  ask_to_leave(life);
  w_.draining.push_back(life);
}

void WorkerStepper::drain(Life life) {
  if (!life.ready_since) forget_readiness(life);
  life.told_all = true;
  effects_.push_back(SignalTree{.spawn = life.spawn, .signal = stop_of(life).signal});
  life.deadline = in(stop_of(life).timeout);
  arm(TimerKind::kill, life.spawn, life.deadline);
  w_.draining.push_back(life);
}

// What a main process leaves behind when it has handled the signal may still be serving (the
// workers of a node cluster): it is waited for, and nothing but the deadline ends it. One that the
// signal itself killed (a shell) has told nobody.
void WorkerStepper::main_of_leaving_ended(Life& life, const Exit& exit) {
  const bool told_nobody = exit == Exit::by_signal(stop_of(life).signal);
  if (!told_nobody || life.told_all || life.kills > 0) return;
  life.told_all = true;
  effects_.push_back(SignalTree{.spawn = life.spawn, .signal = stop_of(life).signal});
}

void WorkerStepper::hurry(Life& life) {
  if (life.kills > 0 || life.deadline <= in(stop_of(life).timeout)) return;
  life.deadline = in(stop_of(life).timeout);
  arm(TimerKind::kill, life.spawn, life.deadline);
}

void WorkerStepper::kill(Life& life) {
  cancel(TimerKind::kill, life.spawn);
  if (life.kills >= kMaxKills) {
    life.survived_kill = true;
    // A draining life that cannot be killed is shown as such; the slot goes on without it, unless
    // it is what a stop waits for.
    const bool blocks_stop = !w_.life && w_.state == WorkerState::stopping;
    if (is_current(life.spawn) || blocks_stop) become_unkillable();
    return;
  }
  ++life.kills;
  effects_.push_back(KillTree{.spawn = life.spawn});
  life.deadline = in(std::chrono::seconds(1));
  arm(TimerKind::kill, life.spawn, life.deadline);
}

void WorkerStepper::replace() {
  const Life old = *std::exchange(w_.life, std::exchange(w_.next, std::nullopt));
  move_out(old);
  const std::string message = fmt::format("took over from process {}", old.pid);
  if (w_.state == WorkerState::ready) {
    w_.cause = w_.next_cause;
    w_.message = message;
    w_.since = now_;
    remark(w_.next_cause, message);
  } else {
    change(WorkerState::ready, w_.next_cause, message);
  }
  settle_starters({.number = w_.ref.number});
  settle_replacers({.number = w_.ref.number, .left = old.spawn});
}

void WorkerStepper::fail_next(const WorkerOutcome& outcome) {
  remark(w_.next_cause, "its new process " + outcome.message);
  settle_replacers(outcome);
}

void WorkerStepper::drop_next() {
  if (w_.life) w_.queued = false;
  if (w_.next) move_out(*std::exchange(w_.next, std::nullopt));
}

void WorkerStepper::hand_over(const std::string& message) {
  w_.life = std::exchange(w_.next, std::nullopt);
  w_.starters = std::exchange(w_.replacers, {});
  if (w_.state == WorkerState::starting) {
    w_.cause = w_.next_cause;
    w_.message = message;
  } else {
    change(WorkerState::starting, w_.next_cause, message);
  }
}

Life* WorkerStepper::find(SpawnId spawn) {
  if (is_current(spawn)) return &*w_.life;
  if (is_next(spawn)) return &*w_.next;
  for (Life& life : w_.draining) {
    if (life.spawn == spawn) return &life;
  }
  return nullptr;
}

Life* WorkerStepper::getting_ready(SpawnId spawn) {
  if (is_next(spawn)) return &*w_.next;
  if (is_current(spawn) && w_.state == WorkerState::starting) return &*w_.life;
  return nullptr;
}

bool WorkerStepper::is_leaving(SpawnId spawn) const {
  if (is_current(spawn)) {
    return w_.state == WorkerState::stopping || w_.state == WorkerState::unkillable;
  }
  return std::any_of(w_.draining.begin(), w_.draining.end(),
                     [&](const Life& life) { return life.spawn == spawn; });
}

}  // namespace superd::core
