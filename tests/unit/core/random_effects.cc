#include <fmt/format.h>

#include "event_text.h"
#include "random_world.h"

// The edge of the random world: what the core wants done, held against what it may want.
namespace superd::core {

// --- what the core does ------------------------------------------------------------------------

void RandomWorld::send(const Event& event) {
  if (!breach_.empty()) return;
  ++events_;
  if (trace_.size() >= 40) trace_.erase(trace_.begin());
  trace_.push_back(fmt::format(
      "{:.3f} {}", std::chrono::duration<double>(now_.time_since_epoch()).count(), text(event)));
  const std::vector<Effect> effects = core_.handle(event, now_);
  for (const Effect& effect : effects) {
    trace_.push_back("    " + text(effect));
    on_effect(effect);
  }
  check_state();
  if (keeps_written_) note_written();
  while (!made_.empty()) {
    const auto [group, generation] = made_.back();
    made_.pop_back();
    // Half of all deploys change nothing but the bytes of a file.
    send(RecipeMade{.group = group, .generation = generation, .fingerprint = pick(2)});
  }
}

void RandomWorld::on_effect(const Effect& effect) {
  std::visit([this](const auto& e) { on(e); }, effect);
}

void RandomWorld::on(const MakeRecipe& e) {
  expect(recipes_.insert({e.group, e.generation}).second, "a generation is made once");
  for (const auto& [id, process] : processes_) {
    expect(resuming_ || process.forgotten || process.worker.group != e.group ||
               process.generation < e.generation,
           "generations count up");
  }
  if (chance(90)) made_.emplace_back(e.group, e.generation);
}

void RandomWorld::on(const DropRecipe& e) {
  expect(recipes_.erase({e.group, e.generation}) == 1, "only a recipe that was made is dropped");
  for (const auto& [id, process] : processes_) {
    expect(
        process.forgotten || process.worker.group != e.group || process.generation != e.generation,
        "no recipe is dropped while a process of it is left");
  }
}

void RandomWorld::on(const Spawn& e) {
  expect(processes_.empty() || processes_.rbegin()->first < e.spawn, "spawn ids count up");
  expect(recipes_.contains({e.worker.group, e.generation}), "a spawn has a recipe");
  expect(!core_.shutting_down(), "nothing starts during a shutdown");
  for (const std::string& needed : core_.dependencies().needed_by(e.worker.group)) {
    const Group* other = core_.find(needed);
    expect(other == nullptr || ever_up_.contains(needed) || is_up(*other),
           "nothing starts before what it depends on was up");
  }
  processes_[e.spawn] = Process{.worker = e.worker,
                                .generation = e.generation,
                                .stubborn = chance(20),
                                .immortal = chance(5),
                                .has_children = chance(30)};
}

void RandomWorld::on(const WatchReadiness& e) {
  if (Process* process = alive(e.spawn, "WatchReadiness")) process->watched = true;
}

void RandomWorld::on(const RunBefore& e) {
  expect(recipes_.contains({e.group, e.generation}), "roll.before has a recipe");
  expect(befores_.emplace(e.group, e.roll).second, "one roll.before of a group runs at a time");
}

void RandomWorld::on(const CancelBefore& e) { befores_.erase(e.group); }

void RandomWorld::on(const RollBegan& e) {
  expect(rolls_.emplace(e.group, e.roll).second, "a group has one roll at a time");
}

void RandomWorld::on(const RollStep& e) {
  expect(rolls_.contains(e.group) && rolls_.at(e.group) == e.roll, "a step is of a roll in hand");
}

void RandomWorld::on(const RollEnded& e) {
  const auto found = rolls_.find(e.group);
  expect(found != rolls_.end() && found->second == e.roll, "a roll ends once");
  if (found != rolls_.end()) rolls_.erase(found);
}

void RandomWorld::on(const SpecTaken& e) {
  expect(core_.find(e.group) == nullptr || core_.find(e.group)->spec->name == e.group,
         "a group takes its own configuration");
  specs_[e.group] = *e.spec;
}

void RandomWorld::on(const GroupGone& e) {
  expect(core_.find(e.group) == nullptr, "a group that is gone is not known");
  expect(group_states_[e.group] == GroupState::stopped, "a group is stopped before it is gone");
  expect(!demanded_.contains(e.group), "nobody waits for a connection of a group that is gone");
  std::erase_if(worker_states_, [&](const auto& each) { return each.first.group == e.group; });
  std::erase_if(recipes_, [&](const auto& each) { return each.first == e.group; });
}

void RandomWorld::on(const WatchDemand& e) {
  expect(demanded_.insert(e.group).second, "a group waits for one connection at a time");
}

void RandomWorld::on(const UnwatchDemand& e) {
  expect(demanded_.erase(e.group) == 1, "only what is watched is unwatched");
}

void RandomWorld::on(const SignalMain& e) {
  if (Process* process = alive(e.spawn, "SignalMain")) {
    expect(resuming_ || !process->main_gone, "a main process that is gone gets no signal");
    process->main_signaled = true;
  }
}

void RandomWorld::on(const SignalTree& e) {
  if (Process* process = alive(e.spawn, "SignalTree")) process->tree_signaled = true;
}

void RandomWorld::on(const KillTree& e) {
  if (Process* process = alive(e.spawn, "KillTree")) ++process->kills;
}

void RandomWorld::on(const Forget& e) {
  if (Process* process = alive(e.spawn, "Forget")) process->forgotten = true;
}

void RandomWorld::on(const ArmTimer& e) {
  if (e.key.kind != TimerKind::backoff) (void)alive(e.key.spawn, "ArmTimer");
  timers_[e.key] = e.at;
}

void RandomWorld::on(const CancelTimer& e) {
  if (e.key.kind != TimerKind::backoff) (void)alive(e.key.spawn, "CancelTimer");
  timers_.erase(e.key);
}

void RandomWorld::on(const WorkerChanged& e) {
  expect(worker_states_[e.worker] == e.from, "a worker changes from the state it was in");
  expect(e.from != e.to || !e.message.empty(), "what is no change of state says what it is");
  worker_states_[e.worker] = e.to;
  if (e.to != WorkerState::stopping || e.cause != kInOrder) return;
  for (const std::string& dependent : core_.dependencies().needing(e.worker.group)) {
    expect(has_come_to_rest(*core_.find(dependent)), "a shutdown stops in reverse order");
  }
}

void RandomWorld::on(const GroupChanged& e) {
  expect(group_states_[e.group] == e.from, "a group changes from the state it was in");
  group_states_[e.group] = e.to;
}

void RandomWorld::on(const Answer& e) {
  expect(owed_.erase(e.command) == 1 || e.command <= given_up_,
         "a command is answered once, and superd's own never");
  if (!e.workers.empty() && e.workers.front().message.starts_with("waits for ")) {
    early_.insert(e.command);
  }
}

void RandomWorld::on(const ShutdownDone&) {
  expect(++shutdowns_done_ == 1, "a shutdown is done once");
  expect(shutdown_asked_, "nothing is shut down unasked");
  for (const auto& [id, process] : processes_) {
    expect(process.forgotten || process.kills >= kMaxKills,
           "a shutdown is done when all is gone that can be killed");
  }
}

}  // namespace superd::core
