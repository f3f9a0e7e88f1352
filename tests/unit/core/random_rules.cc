#include <algorithm>

#include <fmt/format.h>

#include "random_world.h"

// What must be true of the core after every event, whatever happened before.
namespace superd::core {

void RandomWorld::expect(bool holds, const std::string& rule) {
  if (!is_spoiled_) expect_always(holds, rule);
}

void RandomWorld::expect_always(bool holds, const std::string& rule) {
  if (holds || !breach_.empty()) return;
  breach_ = "breach: " + rule;
  for (const std::string& line : trace_) breach_ += "\n  " + line;
}

RandomWorld::Process* RandomWorld::alive(SpawnId id, const std::string& what) {
  const auto found = processes_.find(id);
  const bool lives = found != processes_.end() && !found->second.forgotten;
  expect(lives, what + " only for a spawn that is not forgotten");
  return lives ? &found->second : nullptr;
}

bool RandomWorld::armed(TimerKind kind, const Worker& worker, SpawnId spawn) const {
  return timers_.contains({.kind = kind, .worker = worker.ref, .spawn = spawn});
}

void RandomWorld::check_state() {
  int being_started = 0;
  bool somebody_waits = false;
  std::set<SpawnId> known;
  for (const std::string& name : core_.names()) {
    const Group& group = *core_.find(name);
    check_group(group);
    if (is_up(group)) ever_up_.insert(name);
    for (const Worker& worker : group.workers) {
      check_worker(worker);
      being_started += is_being_started(worker) ? 1 : 0;
      somebody_waits = somebody_waits || (worker.queued && core_.waits_for(name).empty());
      if (worker.life) known.insert(worker.life->spawn);
      if (worker.next) known.insert(worker.next->spawn);
      for (const Life& life : worker.draining) known.insert(life.spawn);
    }
  }
  expect(being_started <= max_starting_, "no more than max_starting are being started");
  expect(!somebody_waits || being_started == max_starting_ || core_.shutting_down(),
         "nobody waits for a turn that is free");
  for (const auto& [id, process] : processes_) {
    expect(process.forgotten != known.contains(id), "a spawn is a life of its worker until Forget");
    const Worker* owner = core_.owner(id);
    expect((owner == nullptr) == process.forgotten, "a spawn has an owner until Forget");
  }
  for (const auto& [key, at] : timers_) {
    const bool of_life = known.contains(key.spawn);
    const Worker* worker = core_.find(key.worker);
    const bool of_backoff = key.kind == TimerKind::backoff && worker != nullptr &&
                            worker->state == WorkerState::backoff;
    expect(of_life || of_backoff, "no timer is armed for a spawn that is forgotten");
  }
}

void RandomWorld::check_group(const Group& group) {
  expect(group.state == derive_state(group), "a group's state follows from its workers");
  expect(group.state == group_states_[group.name], "every change of a group is told");
  expect(group.demand.has_value() == demanded_.contains(group.name),
         "a group that waits for a connection has its sockets watched, and no other");
  expect(!group.demand || !group.roll, "a group that waits for a connection is in no roll");
  for (const int generation : group.recipes) {
    expect(recipes_.contains({group.name, generation}), "the group knows its recipes");
  }
  expect(!group.roll || !core_.waits_for(group.name).empty() || !group.roll->in_hand.empty() ||
             !group.roll->holding.empty() || !group.roll->leaving.empty() ||
             befores_.contains(group.name),
         "a roll waits for something");
  expect(group.roll.has_value() == rolls_.contains(group.name), "every roll is told");
  expect(group.roll.has_value() || !group.next_roll, "no restart waits without a roll");
  for (const auto& [id, command] : group.commands) {
    expect(owed_.contains(id) || early_.contains(id), "only a command without an answer is kept");
  }
}

void RandomWorld::check_worker(const Worker& worker) {
  expect(worker.state == worker_states_[worker.ref], "every change of a worker is told");
  const bool has_life = worker.life.has_value();
  switch (worker.state) {
    case WorkerState::stopped:
      expect(!has_life && worker.draining.empty(), "a stopped worker has no process");
      break;
    case WorkerState::starting:
      expect(has_life || worker.queued, "a starting worker has a process or waits for its turn");
      break;
    case WorkerState::ready:
      expect(has_life && !worker.life->main_gone, "a ready worker has its main process");
      break;
    case WorkerState::stopping:
    case WorkerState::unkillable:
      expect(has_life || !worker.draining.empty(), "a stopping worker has a process that is left");
      break;
    case WorkerState::backoff:
    case WorkerState::failed:
    case WorkerState::exited:
      expect(!has_life, "a worker that does not run has no life");
      break;
  }
  const bool goes_on = worker.state == WorkerState::starting || worker.state == WorkerState::ready;
  expect(!worker.next || (has_life && goes_on), "a next process is beside one that goes on");
  expect(!worker.queued || goes_on, "only a worker that starts or serves waits for a turn");
  expect(!worker.queued || !worker.next, "one process at a time is on its way");
  check_lives(worker);
  check_timers(worker);
}

void RandomWorld::check_lives(const Worker& worker) {
  for (const Life& life : worker.draining) {
    expect(life.main_gone || processes_.at(life.spawn).main_signaled,
           "a life that drains has lost its main process or was asked to leave");
  }
  expect(worker.replacers.empty() || worker.next || (worker.life && worker.queued),
         "who waits for a new process waits for one that comes");
  const bool waits_for_start = !worker.starters.empty();
  const bool may_start = worker.state == WorkerState::starting ||
                         (worker.state == WorkerState::stopping && worker.life &&
                          worker.afterwards == Afterwards::start);
  expect(!waits_for_start || may_start, "who waits for a start waits for one that comes");
  expect(worker.stoppers.empty() ||
             (worker.state == WorkerState::stopping && worker.afterwards == Afterwards::rest),
         "who waits for a stop waits for one that comes");
}

void RandomWorld::check_timers(const Worker& worker) {
  if (worker.state == WorkerState::backoff) {
    expect(armed(TimerKind::backoff, worker, worker.last_spawn), "a backoff ends by a timer");
  }
  if (worker.life && worker.state == WorkerState::starting) {
    const bool soaks = worker.life->soaks_since.has_value();
    expect(armed(soaks ? TimerKind::soak : TimerKind::ready_timeout, worker, worker.life->spawn),
           "getting ready ends by a timer");
  }
  if (worker.next) {
    const bool soaks = worker.next->soaks_since.has_value();
    expect(armed(soaks ? TimerKind::soak : TimerKind::ready_timeout, worker, worker.next->spawn),
           "getting ready ends by a timer, also beside another");
  }
  if (worker.life && worker.state == WorkerState::stopping) {
    expect(armed(TimerKind::kill, worker, worker.life->spawn), "leaving ends by a timer");
  }
  if (worker.life && worker.state == WorkerState::ready) {
    expect(!armed(TimerKind::ready_timeout, worker, worker.life->spawn) &&
               !armed(TimerKind::ready_delay, worker, worker.life->spawn) &&
               !armed(TimerKind::kill, worker, worker.life->spawn),
           "nothing is timed of a worker that serves");
  }
  for (const Life& life : worker.draining) {
    expect(life.survived_kill || armed(TimerKind::kill, worker, life.spawn),
           "draining ends by a timer");
  }
}

void RandomWorld::check_settled() {
  expect(owed_.empty(), "every command is answered");
  expect(timers_.empty(), "nothing is timed when all is settled");
  expect(shutdowns_done_ == (shutdown_asked_ ? 1 : 0), "a shutdown comes to its end");
  for (const std::string& name : core_.names()) {
    const Group& group = *core_.find(name);
    // What it needs has failed for good, or was stopped: it goes on waiting.
    if (!core_.waits_for(name).empty()) continue;
    expect(!group.roll && !group.next_roll && group.commands.empty(), "no roll is left over");
    for (const Worker& worker : group.workers) {
      if (worker.life) continue;
      expect(worker.state != WorkerState::starting && worker.state != WorkerState::backoff,
             "a worker that settled runs or does not try to");
    }
  }
}

void RandomWorld::check_nothing_left() {
  check_settled();
  for (const auto& [id, process] : processes_) {
    expect(process.forgotten, "every spawn is forgotten in the end");
  }
  for (const std::string& name : core_.names()) {
    const Group& group = *core_.find(name);
    expect(group.recipes.size() <= 1, "only the recipe in force is kept");
    for (const Worker& worker : group.workers) expect(is_at_rest(worker), "every worker rests");
  }
}

}  // namespace superd::core
