#include <algorithm>
#include <utility>

#include "core/supervision.h"

namespace superd::core {
namespace {

std::vector<int> numbers(const Group& group, const Target& target) {
  if (target.worker != 0) return {target.worker};
  std::vector<int> all;
  for (const Worker& worker : group.workers) {
    if (!worker.surplus) all.push_back(worker.ref.number);
  }
  return all;
}

}  // namespace

// --- starts that wait ---------------------------------------------------------------------------

void Supervision::prepare_start(const Target& target, CommandId command, const std::string& cause) {
  const std::string& name = target.group;
  take_back_stops(name);
  for (const std::string& needed : dependencies_.needed_by(name)) start_needed(needed, cause);
  begin_hold(name);
  const auto hold = holds_.find(name);
  if (hold == holds_.end() || command == kOwnCommand) return;
  const std::vector<int> workers = numbers(groups_.at(name), target);
  hold->second.commands[command] = {workers.begin(), workers.end()};
}

// Of a group that is on its way only what has failed is tried again: a worker that was stopped by
// itself stays so.
void Supervision::start_needed(const std::string& name, const std::string& cause) {
  const auto found = groups_.find(name);
  if (found == groups_.end() || removed_.contains(name) || is_up(found->second)) return;
  begin_hold(name);
  const GroupState state = found->second.state;
  const bool rests =
      state == GroupState::stopped || state == GroupState::stopping || state == GroupState::waiting;
  if (rests) {
    tell_group(name,
               StartRequested{.command = kOwnCommand, .target = {.group = name}, .cause = cause});
    return;
  }
  std::vector<int> failed;
  for (const Worker& worker : found->second.workers) {
    const bool has_failed =
        worker.state == WorkerState::failed || worker.state == WorkerState::backoff;
    if (has_failed) failed.push_back(worker.ref.number);
  }
  for (const int number : failed) {
    tell_group(name, StartRequested{.command = kOwnCommand,
                                    .target = {.group = name, .worker = number},
                                    .cause = cause});
  }
}

void Supervision::begin_hold(const std::string& name) {
  if (!is_down(groups_.at(name)) || holds_.contains(name)) return;
  std::vector<std::string> needs = dependencies_.needed_by(name);
  if (!not_up(needs).empty()) holds_[name].needs = std::move(needs);
}

std::vector<std::string> Supervision::not_up(const std::vector<std::string>& names) const {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const Group* group = find(name);
    if (group == nullptr || removed_.contains(name)) continue;
    if (!is_up(*group)) found.push_back(name);
  }
  return found;
}

std::vector<std::string> Supervision::waits_for(const std::string& group) const {
  const auto hold = holds_.find(group);
  if (hold == holds_.end()) return {};
  std::vector<std::string> nearest = not_up(dependencies_.direct(group));
  return nearest.empty() ? not_up(hold->second.needs) : nearest;
}

bool Supervision::hold_back(Effect& effect) {
  if (const auto* answer = std::get_if<Answer>(&effect)) {
    for (auto& [name, hold] : holds_) hold.commands.erase(answer->command);
    return answered_.erase(answer->command) > 0;
  }
  const auto group_of = [&]() -> std::string {
    if (const auto* e = std::get_if<RunBefore>(&effect)) return e->group;
    if (const auto* e = std::get_if<CancelBefore>(&effect)) return e->group;
    if (const auto* e = std::get_if<WorkerChanged>(&effect)) return e->worker.group;
    return {};
  };
  const auto hold = holds_.find(group_of());
  return hold != holds_.end() && hold_back(hold->second, effect);
}

bool Supervision::hold_back(Hold& hold, Effect& effect) {
  if (auto* changed = std::get_if<WorkerChanged>(&effect)) {
    if (changed->to != WorkerState::starting || !find(changed->worker)->queued) return false;
    changed->message = waiting_for(waits_for(changed->worker.group));
    return false;
  }
  if (const auto* run = std::get_if<RunBefore>(&effect)) {
    hold.kept_back = *run;
    return true;
  }
  if (!hold.kept_back) return false;
  hold.kept_back.reset();
  return true;
}

void Supervision::look_after_holds() {
  if (holds_.empty()) return;
  for (const std::string& name : names_) {
    const auto hold = holds_.find(name);
    if (hold == holds_.end()) continue;
    if (is_down(groups_.at(name))) {
      holds_.erase(hold);
    } else if (not_up(hold->second.needs).empty()) {
      Hold ended = std::move(hold->second);
      holds_.erase(hold);
      end_hold(std::move(ended));
    } else {
      answer_held(name, hold->second);
      tell_what_is_waited_for(name);
    }
  }
}

void Supervision::end_hold(Hold hold) {
  for (const WorkerRef& ref : hold.queue) {
    groups_.at(ref.group).workers.at(static_cast<std::size_t>(ref.number - 1)).message.clear();
    queue_.push_back(ref);
  }
  if (hold.kept_back) emit(*hold.kept_back);
}

void Supervision::tell_what_is_waited_for(const std::string& name) {
  const std::string message = waiting_for(waits_for(name));
  for (Worker& worker : groups_.at(name).workers) {
    if (!worker.queued || worker.message == message) continue;
    worker.message = message;
    touched_.insert(worker.ref);
  }
}

// The first attempt at what it needs has failed, and nobody can say how many it will take: whoever
// asked is told, and the workers go on waiting.
void Supervision::answer_held(const std::string& name, Hold& hold) {
  if (hold.commands.empty()) return;
  for (const std::string& needed : not_up(hold.needs)) {
    const Trouble trouble = trouble_of(groups_.at(needed));
    if (trouble.why.empty()) continue;
    for (const auto& [command, workers] : std::exchange(hold.commands, {})) {
      Answer answer{.command = command,
                    .roll = command,
                    .group = name,
                    .ok = false,
                    .message = {},
                    .generation = groups_.at(name).in_force,
                    .workers = {}};
      for (const int number : workers) {
        // One of them shows the output of what failed.
        const SpawnId spawn = answer.workers.empty() ? trouble.spawn : SpawnId{};
        answer.workers.push_back({.number = number,
                                  .ok = false,
                                  .message = waiting_for({needed}) + ": " + trouble.why,
                                  .spawn = spawn});
      }
      answered_.insert(command);
      effects_.push_back(std::move(answer));
    }
    return;
  }
}

// --- stops that wait ----------------------------------------------------------------------------

void Supervision::prepare_stop(const std::string& name, const std::string& cause) {
  for (const std::string& dependent : dependencies_.needing(name)) {
    if (has_nothing_to_stop(groups_.at(dependent))) continue;
    Stop& stop = stops_[dependent];
    if (stop.on_behalf_of.empty()) stop.cause = cause;
    stop.on_behalf_of.insert(name);
  }
  Stop& stop = stops_[name];
  stop.cause = cause;
  stop.on_behalf_of.insert(name);
}

void Supervision::take_back_stops(const std::string& name) {
  std::vector<std::string> wanted = dependencies_.needed_by(name);
  wanted.push_back(name);
  for (const std::string& group : wanted) {
    const auto stop = stops_.find(group);
    if (stop == stops_.end()) continue;
    const std::set<std::string> roots = stop->second.on_behalf_of;
    for (const std::string& root : roots) take_back_stops_of(root);
  }
}

void Supervision::take_back_stops_of(const std::string& root) {
  for (const std::string& name : names_) {
    const auto found = stops_.find(name);
    if (found == stops_.end() || found->second.on_behalf_of.erase(root) == 0) continue;
    if (!found->second.on_behalf_of.empty()) continue;
    const Stop stop = std::move(found->second);
    stops_.erase(found);
    for (const CommandId command : stop.commands) {
      effects_.push_back(Answer{.command = command,
                                .roll = command,
                                .group = name,
                                .ok = false,
                                .message = "was started again before it had stopped",
                                .generation = groups_.at(name).in_force,
                                .workers = {}});
    }
  }
}

void Supervision::look_after_stops() {
  if (stops_.empty()) return;
  const auto may_stop = [&](const std::string& name) {
    const std::vector<std::string> dependents = dependencies_.needing(name);
    return std::all_of(dependents.begin(), dependents.end(), [&](const std::string& dependent) {
      return !stops_.contains(dependent) && has_come_to_rest(groups_.at(dependent));
    });
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (const std::string& name : names_) {
      if (!stops_.contains(name) || !may_stop(name)) continue;
      const Stop stop = std::move(stops_.extract(name).mapped());
      deliver_stop(name, stop);
      moved = true;
    }
  }
}

void Supervision::deliver_stop(const std::string& name, const Stop& stop) {
  const auto tell = [&](CommandId command) {
    tell_group(name,
               StopRequested{.command = command, .target = {.group = name}, .cause = stop.cause});
  };
  if (stop.commands.empty()) return tell(kOwnCommand);
  for (const CommandId command : stop.commands) tell(command);
}

}  // namespace superd::core
