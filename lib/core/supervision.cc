#include "core/supervision.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

namespace superd::core {
namespace {

constexpr const char* kShuttingDown = "superd is shutting down";
constexpr const char* kBeingRemoved = "the group is being removed from the configuration";

}  // namespace

void Supervision::add_group(SpecPtr spec) {
  names_.push_back(spec->name);
  depend(*spec);
  Group group = make_group(spec);
  for (const Worker& worker : group.workers) touched_.insert(worker.ref);
  touched_.insert({.group = group.name});
  groups_.emplace(spec->name, std::move(group));
}

std::vector<Effect> Supervision::handle(const Event& event, TimePoint now) {
  now_ = now;
  effects_.clear();
  std::visit([&](const auto& e) { on(e); }, event);
  look_after_stops();
  look_after_removed();
  look_after_holds();
  give_turns();
  check_shutdown_done();
  return std::exchange(effects_, {});
}

const Group* Supervision::find(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

const Worker* Supervision::find(const WorkerRef& worker) const {
  const Group* group = find(worker.group);
  if (group == nullptr || worker.number < 1 ||
      static_cast<std::size_t>(worker.number) > group->workers.size()) {
    return nullptr;
  }
  return &group->workers[static_cast<std::size_t>(worker.number - 1)];
}

const Worker* Supervision::owner(SpawnId spawn) const {
  const auto found = spawns_.find(spawn);
  return found == spawns_.end() ? nullptr : find(found->second);
}

bool Supervision::exists(const Target& target) const {
  if (target.worker == 0) return find(target.group) != nullptr;
  return find(WorkerRef{.group = target.group, .number = target.worker}) != nullptr;
}

void Supervision::refuse(CommandId command, const std::string& group, const std::string& why) {
  if (command == kOwnCommand) return;
  effects_.push_back(Answer{.command = command,
                            .group = group,
                            .ok = false,
                            .message = why,
                            .generation = find(group)->in_force,
                            .workers = {}});
}

void Supervision::on(const StartRequested& e) {
  if (!exists(e.target)) return;
  if (shutting_down_) return refuse(e.command, e.target.group, kShuttingDown);
  if (removed_.contains(e.target.group)) return refuse(e.command, e.target.group, kBeingRemoved);
  prepare_start(e.target, e.command, e.cause);
  tell_group(e.target.group, e);
}

void Supervision::on(const StopRequested& e) {
  if (!exists(e.target)) return;
  if (e.target.worker != 0) return tell_group(e.target.group, e);
  prepare_stop(e.target.group, e.cause);
  if (e.command != kOwnCommand) stops_[e.target.group].commands.push_back(e.command);
}

void Supervision::on(const RestartRequested& e) {
  if (!exists(e.target)) return;
  if (shutting_down_) return refuse(e.command, e.target.group, kShuttingDown);
  if (removed_.contains(e.target.group)) return refuse(e.command, e.target.group, kBeingRemoved);
  const bool held = holds_.contains(e.target.group);
  const bool is_start = is_down(groups_.at(e.target.group)) || held;
  if (e.pace == Pace::on_demand && e.target.worker == 0 && !held) {
    // It starts nothing now, so that it is no reason to take a stop back.
    if (stops_.contains(e.target.group)) {
      return refuse(e.command, e.target.group, "the group is being stopped");
    }
  } else if (is_start) {
    prepare_start(e.target, e.command, e.cause);
  } else {
    take_back_stops(e.target.group);
  }
  tell_group(e.target.group, e);
}

void Supervision::on(const ConnectionWaits& e) {
  const Group* group = find(e.group);
  if (group == nullptr || !group->demand || shutting_down_ || stops_.contains(e.group)) {
    return;
  }
  prepare_start({.group = e.group}, kOwnCommand, "demand");
  tell_group(e.group, e);
}

void Supervision::on(const ShutdownRequested& e) {
  shutting_down_ = true;
  switch (e.urgency) {
    case Urgency::ordered:
      for (const std::string& name : names_) prepare_stop(name, e.cause);
      return;
    case Urgency::at_once:
      // Whoever waits for a stop waits for one that was told.
      for (auto& [name, stop] : std::exchange(stops_, {})) {
        stop.cause = e.cause;
        deliver_stop(name, stop);
      }
      for (const std::string& name : names_) tell_group(name, KillGroup{.cause = e.cause});
      return;
  }
  std::abort();
}

void Supervision::on(const TimerFired& e) {
  if (find(e.key.worker) == nullptr) return;
  tell_group(e.key.worker.group, ForWorker{.number = e.key.worker.number, .event = e});
}

void Supervision::tell_spawn(SpawnId spawn, const WorkerEvent& event) {
  const auto found = spawns_.find(spawn);
  if (found == spawns_.end()) return;
  const WorkerRef worker = found->second;
  tell_group(worker.group, ForWorker{.number = worker.number, .event = event});
}

void Supervision::tell_group(const std::string& name, const GroupEvent& event) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return;
  Group& group = found->second;
  being_started_ -= count_being_started(group);
  std::set<int> queued_before;
  for (const Worker& worker : group.workers) {
    if (worker.queued) queued_before.insert(worker.ref.number);
  }
  GroupStep done = step(std::move(group), event, now_);
  group = std::move(done.group);
  being_started_ += count_being_started(group);
  touched_.insert({.group = name});
  for (const int number : done.touched) touched_.insert({.group = name, .number = number});
  note_queued(group, queued_before);
  for (Effect& effect : done.effects) {
    if (!hold_back(effect)) emit(std::move(effect));
  }
}

void Supervision::emit(Effect effect) {
  if (const auto* spawn = std::get_if<Spawn>(&effect)) spawns_[spawn->spawn] = spawn->worker;
  if (const auto* forget = std::get_if<Forget>(&effect)) spawns_.erase(forget->spawn);
  if (const auto* taken = std::get_if<SpecTaken>(&effect)) depend(*taken->spec);
  effects_.push_back(std::move(effect));
}

// A worker that was stopped while it waited loses its place.
void Supervision::note_queued(const Group& group, const std::set<int>& queued_before) {
  const auto hold = holds_.find(group.name);
  std::deque<WorkerRef>& queue = hold == holds_.end() ? queue_ : hold->second.queue;
  for (const Worker& worker : group.workers) {
    const bool was_queued = queued_before.contains(worker.ref.number);
    if (worker.queued && !was_queued) queue.push_back(worker.ref);
    if (!worker.queued && was_queued) std::erase(queue, worker.ref);
  }
  for (const int number : queued_before) {
    const bool is_gone = static_cast<std::size_t>(number) > group.workers.size();
    if (is_gone) std::erase(queue, WorkerRef{.group = group.name, .number = number});
  }
}

void Supervision::give_turns() {
  // A group whose stop waits for others at a shutdown is not started again.
  if (options_.hold_starts || shutting_down_) return;
  while (!queue_.empty() && being_started_ < options_.max_starting) {
    const WorkerRef next = queue_.front();
    queue_.pop_front();
    const int generation = generation_to_start(*find(next.group), next.number);
    tell_group(next.group, ForWorker{.number = next.number,
                                     .event = worker_event::Turn{.spawn = SpawnId{next_spawn_++},
                                                                 .generation = generation}});
  }
}

void Supervision::check_shutdown_done() {
  if (!shutting_down_ || done_ || !stops_.empty()) return;
  for (const auto& [name, group] : groups_) {
    for (const Worker& worker : group.workers) {
      if (!is_at_rest(worker) && !is_unkillable(worker)) return;
    }
  }
  done_ = true;
  effects_.push_back(ShutdownDone{});
}

}  // namespace superd::core
