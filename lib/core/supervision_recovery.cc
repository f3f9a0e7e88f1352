#include <utility>

#include "core/supervision.h"

namespace superd::core {
namespace {

bool has_life(const Worker& worker, SpawnId spawn) {
  bool found = false;
  each_life(worker, [&](const Life& life) { found = found || life.spawn == spawn; });
  return found;
}

}  // namespace

void Supervision::restore(std::vector<Group> groups, const InHand& in_hand) {
  for (Group& group : groups) {
    names_.push_back(group.name);
    depend(*group.spec);
    for (const Worker& worker : group.workers) {
      touched_.insert(worker.ref);
      each_life(worker, [&](const Life& life) { spawns_[life.spawn] = worker.ref; });
    }
    touched_.insert({.group = group.name});
    groups_.insert_or_assign(group.name, std::move(group));
  }
  for (const auto& [name, stop] : in_hand.stops) {
    if (!groups_.contains(name)) continue;
    stops_[name] = {.on_behalf_of = stop.on_behalf_of, .commands = {}, .cause = stop.cause};
  }
  for (const std::string& name : in_hand.removed) {
    if (groups_.contains(name)) removed_.insert(name);
  }
  for (const auto& [name, group] : groups_) depend(*group.spec);
  for (const std::string& name : in_hand.held) {
    if (groups_.contains(name)) holds_[name].needs = dependencies_.needed_by(name);
  }
  shutting_down_ = in_hand.shutting_down;
}

InHand Supervision::in_hand() const {
  InHand in_hand{.stops = {}, .removed = removed_, .held = {}, .shutting_down = shutting_down_};
  for (const auto& [name, hold] : holds_) in_hand.held.insert(name);
  for (const auto& [name, stop] : stops_) {
    in_hand.stops[name] = {.on_behalf_of = stop.on_behalf_of, .cause = stop.cause};
  }
  return in_hand;
}

std::vector<Effect> Supervision::resume(const Unmade& unmade, TimePoint now) {
  now_ = now;
  effects_.clear();
  for (const SpawnId spawn : unmade) {
    const auto found = spawns_.find(spawn);
    if (found == spawns_.end()) continue;
    Group& group = groups_.at(found->second.group);
    take_back_turns(group, {spawn});
    touched_.insert(found->second);
    if (!has_life(*find(found->second), spawn)) spawns_.erase(found);
  }
  for (const std::string& name : names_) restore_queue(groups_.at(name));
  for (const std::string& name : names_) {
    const Group& group = groups_.at(name);
    being_started_ += count_being_started(group);
    for (Effect& effect : core::resume(group, now)) {
      if (!hold_back(effect)) effects_.push_back(std::move(effect));
    }
  }
  for (const std::string& name : names_) tell_group(name, GoOn{});
  return std::exchange(effects_, {});
}

// Those that wait for their turn get it in config order.
void Supervision::restore_queue(const Group& group) {
  const auto hold = holds_.find(group.name);
  std::deque<WorkerRef>& queue = hold == holds_.end() ? queue_ : hold->second.queue;
  for (const Worker& worker : group.workers) {
    if (worker.queued) queue.push_back(worker.ref);
  }
}

}  // namespace superd::core
