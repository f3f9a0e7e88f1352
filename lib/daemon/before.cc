#include "daemon/before.h"

#include <cstdlib>
#include <utility>

namespace superd::daemon {
void Before::run(const core::RunBefore& what) {
  running_[what.roll] = std::nullopt;
  const core::SpecPtr group = parts_.recipes.spec(what.group, what.generation);
  parts_.recipes.with(what.group, what.generation, kFirstWorker,
                      [this, what, group](const Result<Recipes::Shared>& recipe) {
                        if (running_.contains(what.roll)) start(what, group, recipe);
                      });
}

void Before::start(const core::RunBefore& what, const core::SpecPtr& group,
                   const Result<Recipes::Shared>& recipe) {
  if (!recipe) {
    return end(what, {.how = ErrandEnd::How::never_ran,
                      .message = "could not be run: " + recipe.error().message});
  }
  switch (what.what) {
    case core::Preparation::command:
      running_[what.roll] = parts_.errands.run({.recipe = *recipe,
                                                .worker = kFirstWorker,
                                                .command = group->roll.before,
                                                .timeout = group->roll.before_timeout},
                                               [this, what](ErrandEnd how) {
                                                 if (how.how == ErrandEnd::How::never_ran)
                                                   how.message.insert(0, "could not be run: ");
                                                 end(what, std::move(how));
                                               });
      return;
    case core::Preparation::rehearsal:
      return parts_.rehearsals.run(what.roll, group, *recipe,
                                   [this, what](ErrandEnd how) { end(what, std::move(how)); });
  }
  std::abort();
}

void Before::end(const core::RunBefore& what, ErrandEnd how) {
  running_.erase(what.roll);
  tell_({.group = what.group,
         .roll = what.roll,
         .ok = how.how == ErrandEnd::How::succeeded,
         .message = std::move(how.message),
         .output = std::move(how.output)});
}

void Before::cancel(core::CommandId roll) {
  const auto found = running_.extract(roll);
  if (found.empty()) return;
  if (found.mapped()) parts_.errands.cancel(*found.mapped());
  parts_.rehearsals.cancel(roll);
}

}  // namespace superd::daemon
