#include "event_text.h"
#include "random_world.h"

// The supervisor dies and another one goes on, by what the journal has of the first.
namespace superd::core {

void RandomWorld::keep_what_was_written() {
  keeps_written_ = true;
  note_written();
}

void RandomWorld::note_written() {
  for (const WorkerRef& ref : core_.take_touched()) {
    const Worker* worker = core_.find(ref);
    const Group* group = core_.find(ref.group);
    if (worker != nullptr) note(written_[ref], journal::to_text(*worker));
    if (ref.number == 0 && group != nullptr) {
      note(written_[ref], journal::to_text(*group, spec_numbers_));
    }
  }
}

void RandomWorld::note(Written& written, std::string text) {
  if (text == written.now) return;
  written.before = written.now.empty() ? text : std::move(written.now);
  written.now = std::move(text);
}

// As text and back.
std::vector<Group> RandomWorld::reread() {
  std::vector<Group> groups;
  for (const std::string& name : core_.names()) {
    const Group& group = *core_.find(name);
    groups.push_back(
        journal::group_from(journal::to_text(group, spec_numbers_), spec_numbers_).value());
    for (std::size_t i = 0; i < group.workers.size(); ++i) {
      groups.back().workers[i] = journal::worker_from(journal::to_text(group.workers[i])).value();
    }
  }
  return groups;
}

// A group that has more workers than are written is not gone on with, nor is a worker whose process
// is not written.
std::vector<Group> RandomWorld::reread_spoiled() {
  std::vector<Group> groups = reread();
  for (Group& group : groups) {
    if (chance(40)) {
      Group before =
          journal::group_from(written_.at({.group = group.name}).before, spec_numbers_).value();
      if (before.workers.size() == group.workers.size()) {
        before.workers = std::move(group.workers);
        group = std::move(before);
        trace_.push_back("    spoiled: " + group.name);
      }
    }
    for (Worker& worker : group.workers) {
      if (!chance(40)) continue;
      const Worker before = journal::worker_from(written_.at(worker.ref).before).value();
      bool is_known = true;
      each_life(before, [&](const Life& life) {
        is_known = is_known && !processes_.at(life.spawn).forgotten;
      });
      if (!is_known) continue;
      const WorkerRef ref = worker.ref;
      worker = before;
      worker.ref = ref;
      trace_.push_back("    spoiled: " + to_string(ref));
    }
    std::erase_if(group.fingerprints, [&](const auto& made) {
      return !recipes_.contains({group.name, made.first});
    });
  }
  return groups;
}

void RandomWorld::crash() {
  trace_.emplace_back("    the supervisor dies");
  go_on_with(reread());
}

void RandomWorld::crash_spoiled() {
  if (!breach_.empty()) return;
  is_spoiled_ = true;
  keeps_written_ = false;
  trace_.emplace_back("    the supervisor dies, and its journal is spoiled");
  std::vector<Group> groups = reread_spoiled();
  take_states(groups);
  go_on_with(std::move(groups));
}

void RandomWorld::check_rolls() {
  for (const std::string& name : std::vector<std::string>(core_.names())) {
    // What it needs has failed for good, or was stopped: it goes on waiting.
    if (!core_.waits_for(name).empty()) continue;
    const Group& group = *core_.find(name);
    expect_always(!group.roll && !group.next_roll, "every roll ends");
  }
}

void RandomWorld::take_states(const std::vector<Group>& groups) {
  rolls_.clear();
  std::set<SpawnId> known;
  for (const Group& group : groups) {
    group_states_[group.name] = group.state;
    if (group.roll) rolls_[group.name] = group.roll->id;
    for (const Worker& worker : group.workers) {
      worker_states_[worker.ref] = worker.state;
      each_life(worker, [&](const Life& life) { known.insert(life.spawn); });
    }
  }
  // What nobody knows is ended.
  for (auto& [id, process] : processes_) process.forgotten = !known.contains(id);
}

void RandomWorld::go_on_with(std::vector<Group> groups) {
  const InHand in_hand = journal::in_hand_from(journal::to_text(core_.in_hand())).value();
  for (const Group& group : groups) {
    std::erase_if(recipes_, [&](const auto& recipe) {
      return recipe.first == group.name && !group.fingerprints.contains(recipe.second);
    });
  }
  // Nobody waits any more, nothing is timed, watched or run.
  given_up_ = CommandId{last_command_};
  owed_.clear();
  early_.clear();
  timers_.clear();
  demanded_.clear();
  befores_.clear();
  made_.clear();
  shutdowns_done_ = 0;
  Unmade unmade;
  for (auto& [id, process] : processes_) {
    if (!process.forgotten && !process.executed && !process.main_gone) unmade.insert(id);
  }
  core_ = Supervision(
      {.first_spawn =
           processes_.empty() ? 1 : static_cast<std::uint64_t>(processes_.rbegin()->first) + 1,
       .max_starting = max_starting_});
  core_.restore(std::move(groups), in_hand);
  const std::vector<Effect> effects = core_.resume(unmade, now_);
  for (const SpawnId id : unmade) processes_.at(id).forgotten = core_.owner(id) == nullptr;
  resuming_ = true;
  for (const Effect& effect : effects) {
    trace_.push_back("    again " + text(effect));
    on_effect(effect);
  }
  resuming_ = false;
  tell_what_became_of_processes();
  // The keeper repeats it to every supervisor.
  if (shutdown_asked_) shut_down(Urgency::ordered);
  send(StartsAllowed{});
}

void RandomWorld::tell_what_became_of_processes() {
  for (auto& [id, process] : std::map(processes_)) {
    if (process.forgotten) continue;
    if (process.main_gone) {
      // Told again: the core may not have written that it knows.
      send(MainExited{.spawn = id, .exit = {}});
    } else if (process.executed) {
      send(ProgramExecuted{.spawn = id});
    } else {
      processes_.at(id).main_gone = true;
      send(MainExited{.spawn = id, .exit = {}});
      send(TreeGone{.spawn = id});
    }
  }
}

}  // namespace superd::core
