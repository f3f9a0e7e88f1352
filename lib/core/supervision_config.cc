#include <algorithm>
#include <utility>

#include "core/supervision.h"

namespace superd::core {

void Supervision::depend(const GroupSpec& spec) {
  dependencies_.set(spec.name, spec.depends_on);
  for (const std::string& other : removed_) {
    if (!removed_.contains(spec.name)) dependencies_.cut(spec.name, other);
  }
}

void Supervision::on(const GroupConfigured& e) {
  const std::string& name = e.spec->name;
  if (find(name) == nullptr) {
    add_group(e.spec);
    emit(SpecTaken{.group = name, .spec = e.spec});
    if (e.command == kOwnCommand) return;
    emit(Answer{
        .command = e.command, .roll = e.command, .group = name, .message = {}, .workers = {}});
    return;
  }
  if (shutting_down_) return refuse(e.command, name, "superd is shutting down");
  removed_.erase(name);
  const Group& group = groups_.at(name);
  // A roll of what does not run is a start.
  const bool runs = census(group).wanted > 0 || group.roll;
  const bool rolls = e.recipe == GroupConfigured::Recipe::anew && runs;
  if (rolls && (is_down(group) || holds_.contains(name))) {
    prepare_start({.group = name}, e.command, e.cause);
  }
  tell_group(name, e);
  const auto hold = holds_.find(name);
  const auto waits = group.commands.find(e.command);
  if (hold == holds_.end() || waits == group.commands.end()) return;
  hold->second.commands[e.command] = waits->second.pending;
}

void Supervision::on(const GroupRemoved& e) {
  if (find(e.group) == nullptr) return;
  removed_.insert(e.group);
  // Those that go as well are waited for; those that stay were told that they need it no more, or
  // returned to a configuration that is not true any more.
  for (const std::string& other : dependencies_.directly_needing(e.group)) {
    if (!removed_.contains(other)) dependencies_.cut(other, e.group);
  }
  on(StopRequested{.command = e.command, .target = {.group = e.group}, .cause = e.cause});
}

void Supervision::on(const GroupsOrdered& e) {
  const auto place = [&](const std::string& name) {
    return std::find(e.names.begin(), e.names.end(), name) - e.names.begin();
  };
  std::stable_sort(names_.begin(), names_.end(),
                   [&](const std::string& a, const std::string& b) { return place(a) < place(b); });
}

void Supervision::look_after_removed() {
  std::erase_if(removed_, [&](const std::string& name) {
    const Group& group = groups_.at(name);
    const bool rests = std::all_of(group.workers.begin(), group.workers.end(), is_at_rest);
    if (!rests || group.roll || !group.commands.empty() || stops_.contains(name)) return false;
    touched_.insert({.group = name});
    groups_.erase(name);
    std::erase(names_, name);
    dependencies_.set(name, {});
    holds_.erase(name);
    emit(GroupGone{.group = name});
    // Whoever asked for that is answered when nothing is left of it.
    std::stable_partition(effects_.begin(), effects_.end(), [&](const Effect& effect) {
      const auto* answer = std::get_if<Answer>(&effect);
      return answer == nullptr || answer->group != name;
    });
    return true;
  });
}

}  // namespace superd::core
