#pragma once

#include <string>
#include <vector>

#include "core/worker.h"

namespace superd::core {

// One step of a worker in the making: worker.cc answers the events with the moves of worker_step.cc
// (the slot) and worker_life.cc (the processes). Of no use outside of the three.
class WorkerStepper {
 public:
  WorkerStepper(Worker worker, const Policy& policy, TimePoint now)
      : w_(std::move(worker)), policy_(policy), now_(now) {}

  void on(const worker_event::Start& e);
  void on(const worker_event::Stop& e);
  void on(const worker_event::Restart& e);
  void on(const worker_event::Withdraw& e);
  void on(const worker_event::Vacate& e);
  void on(const worker_event::Turn& e);
  void on(const worker_event::Kill& e);
  void on(const ProcessMade& e);
  void on(const ProgramExecuted& e);
  void on(const ReadinessSeen& e);
  void on(const TimeoutExtended& e);
  void on(const MainExited& e);
  void on(const TreeGone& e);
  void on(const TimerFired& e);

  WorkerStep result() {
    return {
        .worker = std::move(w_), .effects = std::move(effects_), .settled = std::move(settled_)};
  }

 private:
  // What a life goes through (worker_life.cc).
  void begin_life(SpawnId spawn, int generation);
  void watch_readiness(const Life& life);
  // Nobody waits for its readiness any more.
  void forget_readiness(const Life& life);
  [[nodiscard]] const StopSpec& stop_of(const Life& life) const {
    return terms_of(policy_, life.generation).stop;
  }
  void seen_ready(Life& life);
  void soaked(Life& life);
  void not_ready_in_time(const Life& late, const std::string& why);
  // The main process gets the stop signal, the tree a deadline.
  void ask_to_leave(Life& life);
  // No longer in the slot, and asked to leave.
  void move_out(Life life);
  // No longer in the slot: what its main process left behind is asked to leave.
  void drain(Life life);
  void main_of_leaving_ended(Life& life, const Exit& exit);
  // An extended deadline of a leaving life is stop.timeout again, from now.
  void hurry(Life& life);
  void kill(Life& life);
  void replace_later(const worker_event::Restart& e);
  // The next life fills the slot, and the current one is asked to leave.
  void replace();
  // The next life is gone from the slot without having been ready.
  void fail_next(const WorkerOutcome& outcome);
  void drop_next();
  // The current life is gone from the slot, and the next one, there or queued, is the current one.
  void hand_over(const std::string& message);
  [[nodiscard]] bool has_successor() const { return w_.next || (w_.life && w_.queued); }

  // What the slot goes through (worker_step.cc).
  void leave(Afterwards afterwards, const std::string& cause, const std::string& message);
  // Without a current life: stopped, or stopping while old processes drain.
  void rest_or_drain(const std::string& cause);
  // The leaving life is gone.
  void after_leaving();
  // A life ended that nobody asked to end.
  void after_unasked_end(Duration ready_for, const Exit& exit, const std::string& message);
  void respawn(Duration ready_for, const std::string& message);
  void respawn_in(Duration delay, const std::string& message);
  void queue(const std::string& cause, const std::string& message);
  void become_ready();
  void become_unkillable();

  void change(WorkerState to, const std::string& cause, const std::string& message);
  void arm(TimerKind kind, SpawnId spawn, TimePoint at);
  void cancel(TimerKind kind, SpawnId spawn);
  void cancel_backoff();
  // Now and so much; the end of time where that is further off.
  [[nodiscard]] TimePoint in(Duration duration) const;
  void settle_starters(const WorkerOutcome& outcome);
  void settle_replacers(const WorkerOutcome& outcome);
  void settle_stoppers(const WorkerOutcome& outcome);
  void settle(std::vector<CommandId>& commands, const WorkerOutcome& outcome);

  // Something happened to it that is no change of its state.
  void remark(const std::string& cause, const std::string& message);

  [[nodiscard]] bool is_current(SpawnId spawn) const { return w_.life && w_.life->spawn == spawn; }
  [[nodiscard]] bool is_next(SpawnId spawn) const { return w_.next && w_.next->spawn == spawn; }
  // A life that is meant to become ready and has not.
  Life* getting_ready(SpawnId spawn);
  // A life that is not asked to leave has no kill deadline.
  [[nodiscard]] bool is_leaving(SpawnId spawn) const;
  Life* find(SpawnId spawn);
  // Without the output and the exit of a process: none explains it.
  [[nodiscard]] WorkerOutcome failure(std::string message) const;
  [[nodiscard]] WorkerOutcome failure(std::string message, const Life& life,
                                      const std::optional<Exit>& exit) const;
  // How a process ended that was not ready yet.
  [[nodiscard]] std::string early_end(const Life& life, const Exit& exit) const;

  Worker w_;
  const Policy& policy_;
  TimePoint now_;
  std::vector<Effect> effects_;
  std::vector<Settled> settled_;
};

}  // namespace superd::core
