#include "core/worker_step.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace superd::core {

void WorkerStepper::leave(Afterwards afterwards, const std::string& cause,
                          const std::string& message) {
  w_.afterwards = afterwards;
  change(WorkerState::stopping, cause, message);
  ask_to_leave(*w_.life);
}

void WorkerStepper::rest_or_drain(const std::string& cause) {
  w_.afterwards = Afterwards::rest;
  w_.cause = cause;
  if (std::any_of(w_.draining.begin(), w_.draining.end(),
                  [](const Life& life) { return life.survived_kill; })) {
    become_unkillable();
    return;
  }
  if (!w_.draining.empty()) {
    change(WorkerState::stopping, cause, "");
    return;
  }
  change(WorkerState::stopped, cause, "");
  settle_stoppers({.number = w_.ref.number});
}

void WorkerStepper::after_leaving() {
  switch (w_.afterwards) {
    case Afterwards::rest:
      rest_or_drain(w_.cause);
      return;
    case Afterwards::start:
      queue(w_.cause, "");
      return;
    case Afterwards::respawn: {
      w_.roll_to.reset();
      const std::string message = w_.message;
      if (policy_.respawn.policy == RespawnPolicy::never) {
        change(WorkerState::failed, "exit", message);
      } else {
        respawn(Duration::zero(), message);
      }
      return;
    }
  }
  std::abort();
}

void WorkerStepper::after_unasked_end(Duration ready_for, const Exit& exit,
                                      const std::string& message) {
  const bool clean = is_clean(exit, policy_.respawn);
  const bool first_attempt = w_.state == WorkerState::starting;
  // What was never there did not end, whatever the policy says of ends.
  const bool may_respawn = exit.shortage || policy_.respawn.policy == RespawnPolicy::always ||
                           (policy_.respawn.policy == RespawnPolicy::on_failure && !clean);
  if (first_attempt && (may_respawn || !clean)) {
    WorkerOutcome outcome = failure(message);
    outcome.spawn = w_.last_spawn;
    outcome.exit = w_.last_exit;
    settle_starters(outcome);
  }
  w_.roll_to.reset();
  if (exit.shortage) {
    const auto seed = static_cast<std::uint64_t>(w_.last_spawn);
    return respawn_in(after_shortage(w_.failures, policy_.respawn.backoff, seed), message);
  }
  if (may_respawn) return respawn(ready_for, message);
  change(clean ? WorkerState::exited : WorkerState::failed, "exit", message);
  // A job that has done its work before it counted as ready is a start that went well.
  settle_starters({.number = w_.ref.number});
}

void WorkerStepper::respawn(Duration ready_for, const std::string& message) {
  const auto seed = static_cast<std::uint64_t>(w_.last_spawn);
  const NextAttempt next = after_life(w_.failures, ready_for, policy_.respawn, seed, now_);
  switch (next.kind) {
    case NextAttempt::Kind::give_up:
      change(
          WorkerState::failed, "exit",
          fmt::format("{}; given up after {} failures within {}", message,
                      policy_.respawn.give_up.failures, in_words(policy_.respawn.give_up.within)));
      return;
    case NextAttempt::Kind::respawn:
      return respawn_in(next.delay, message);
  }
  std::abort();
}

void WorkerStepper::respawn_in(Duration delay, const std::string& message) {
  if (delay == Duration::zero()) {
    ++w_.restarts;
    return queue("exit", message);
  }
  w_.next_attempt = in(delay);
  change(WorkerState::backoff, "exit", message);
  arm(TimerKind::backoff, w_.last_spawn, w_.next_attempt);
}

void WorkerStepper::queue(const std::string& cause, const std::string& message) {
  cancel_backoff();
  change(WorkerState::starting, cause, message);
  w_.queued = true;
}

void WorkerStepper::become_ready() {
  change(WorkerState::ready, w_.cause, "");
  settle_starters({.number = w_.ref.number});
}

void WorkerStepper::become_unkillable() {
  change(WorkerState::unkillable, w_.cause, "a process survived KILL");
  settle_starters(failure("has a process that cannot be killed"));
  settle_replacers(failure("has a process that cannot be killed"));
  settle_stoppers(failure("has a process that cannot be killed"));
}

void WorkerStepper::remark(const std::string& cause, const std::string& message) {
  effects_.push_back(WorkerChanged{.worker = w_.ref,
                                   .from = w_.state,
                                   .to = w_.state,
                                   .cause = cause,
                                   .message = message,
                                   .spawn = w_.life ? w_.life->spawn : SpawnId{},
                                   .pid = w_.life ? w_.life->pid : 0,
                                   .generation = w_.life ? w_.life->generation : 0,
                                   .exit = {}});
}

void WorkerStepper::change(WorkerState to, const std::string& cause, const std::string& message) {
  const WorkerState from = w_.state;
  w_.cause = cause;
  w_.message = message;
  if (from == to) return;
  w_.state = to;
  w_.since = now_;
  const bool ended = to != WorkerState::ready && to != WorkerState::stopping;
  effects_.push_back(WorkerChanged{
      .worker = w_.ref,
      .from = from,
      .to = to,
      .cause = cause,
      .message = message,
      .spawn = w_.life ? w_.life->spawn : w_.last_spawn,
      .pid = w_.life ? w_.life->pid : 0,
      .generation = w_.life ? w_.life->generation : 0,
      .exit = ended && from != WorkerState::stopped ? w_.last_exit : std::nullopt,
  });
}

void WorkerStepper::arm(TimerKind kind, SpawnId spawn, TimePoint at) {
  effects_.push_back(ArmTimer{.key = {.kind = kind, .worker = w_.ref, .spawn = spawn}, .at = at});
}

void WorkerStepper::cancel(TimerKind kind, SpawnId spawn) {
  effects_.push_back(CancelTimer{.key = {.kind = kind, .worker = w_.ref, .spawn = spawn}});
}

void WorkerStepper::cancel_backoff() {
  if (w_.state == WorkerState::backoff) cancel(TimerKind::backoff, w_.last_spawn);
}

void WorkerStepper::settle_starters(const WorkerOutcome& outcome) { settle(w_.starters, outcome); }

void WorkerStepper::settle_replacers(const WorkerOutcome& outcome) {
  settle(w_.replacers, outcome);
}

void WorkerStepper::settle_stoppers(const WorkerOutcome& outcome) { settle(w_.stoppers, outcome); }

void WorkerStepper::settle(std::vector<CommandId>& commands, const WorkerOutcome& outcome) {
  for (const CommandId command : std::exchange(commands, {})) {
    settled_.push_back(Settled{.command = command, .outcome = outcome});
  }
}

TimePoint WorkerStepper::in(Duration duration) const {
  if (duration > TimePoint::max() - now_) return TimePoint::max();
  return now_ + duration;
}

WorkerOutcome WorkerStepper::failure(std::string message) const {
  return WorkerOutcome{.number = w_.ref.number, .ok = false, .message = std::move(message)};
}

WorkerOutcome WorkerStepper::failure(std::string message, const Life& life,
                                     const std::optional<Exit>& exit) const {
  WorkerOutcome outcome = failure(std::move(message));
  outcome.spawn = life.spawn;
  outcome.exit = exit;
  return outcome;
}

std::string WorkerStepper::early_end(const Life& life, const Exit& exit) const {
  switch (exit.kind) {
    case Exit::Kind::exited:
    case Exit::Kind::signaled:
    case Exit::Kind::unknown:
      if (!life.soaks_since) return describe(exit) + " before it was ready";
      return fmt::format("{} {} after it became ready (soak {})", describe(exit),
                         in_words(now_ - *life.soaks_since), in_words(life.ready.soak));
    case Exit::Kind::never_ran:
      return describe(exit);
  }
  std::abort();
}

}  // namespace superd::core
