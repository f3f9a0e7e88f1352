#pragma once

#include <string>
#include <vector>

#include "core/worker.h"

namespace superd::core {

// One step of a worker in the making: worker.cc answers the events with the moves of
// worker_step.cc. Of no use outside of the two.
class WorkerStepper {
 public:
  WorkerStepper(Worker worker, const Policy& policy, TimePoint now)
      : w_(std::move(worker)), policy_(policy), now_(now) {}

  void on(const worker_event::Start& e);
  void on(const worker_event::Stop& e);
  void on(const worker_event::Restart& e);
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
  // The current life gets the stop signal and a deadline.
  void leave(Afterwards afterwards, const std::string& cause, const std::string& message);
  // The current life, whose main process has ended, no longer fills the slot.
  void drain();
  // Without a current life: stopped, or stopping while old processes drain.
  void rest_or_drain(const std::string& cause);
  // The leaving life is gone.
  void after_leaving();
  // A life ended that nobody asked to end.
  void after_unasked_end(Duration ready_for, bool clean, const std::string& message);
  void respawn(Duration ready_for, const std::string& message);
  void queue(const std::string& cause, const std::string& message);
  void become_ready();
  void not_ready_in_time();
  void kill(Life& life);
  // A life that is not asked to leave has no kill deadline.
  [[nodiscard]] bool is_leaving(SpawnId spawn) const;
  void become_unkillable();

  void change(WorkerState to, const std::string& cause, const std::string& message);
  void arm(TimerKind kind, SpawnId spawn, TimePoint at);
  void cancel(TimerKind kind, SpawnId spawn);
  void cancel_backoff();
  // Now and so much; the end of time where that is further off.
  [[nodiscard]] TimePoint in(Duration duration) const;
  void settle_starters(const WorkerOutcome& outcome);
  void settle_stoppers(const WorkerOutcome& outcome);

  [[nodiscard]] bool is_current(SpawnId spawn) const { return w_.life && w_.life->spawn == spawn; }
  Life* find(SpawnId spawn);
  // Without the output and the exit of a process: none explains it.
  [[nodiscard]] WorkerOutcome failure(std::string message) const;
  static std::string before_ready(const Exit& exit);

  Worker w_;
  const Policy& policy_;
  TimePoint now_;
  std::vector<Effect> effects_;
  std::vector<Settled> settled_;
};

}  // namespace superd::core
