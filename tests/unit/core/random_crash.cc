#include "event_text.h"
#include "journal/state_json.h"
#include "random_world.h"

// The supervisor dies and another one goes on, by what the journal has of the first.
namespace superd::core {
namespace {

// As text and back.
std::vector<Group> reread(const Supervision& core) {
  journal::SpecNumbers specs;
  std::vector<Group> groups;
  for (const std::string& name : core.names()) {
    const Group& group = *core.find(name);
    groups.push_back(journal::group_from(journal::to_text(group, specs), specs).value());
    for (std::size_t i = 0; i < group.workers.size(); ++i) {
      groups.back().workers[i] = journal::worker_from(journal::to_text(group.workers[i])).value();
    }
  }
  return groups;
}

}  // namespace

void RandomWorld::crash() {
  trace_.emplace_back("    the supervisor dies");
  const InHand in_hand = journal::in_hand_from(journal::to_text(core_.in_hand())).value();
  std::vector<Group> groups = reread(core_);
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
  for (auto& [id, process] : std::map(processes_)) {
    if (process.forgotten || process.main_gone) continue;
    if (process.executed) {
      send(ProgramExecuted{.spawn = id});
    } else {
      processes_.at(id).main_gone = true;
      send(MainExited{.spawn = id, .exit = {}});
      send(TreeGone{.spawn = id});
    }
  }
  // The keeper repeats it to every supervisor.
  if (shutdown_asked_) shut_down(Urgency::ordered);
  send(StartsAllowed{});
}

}  // namespace superd::core
