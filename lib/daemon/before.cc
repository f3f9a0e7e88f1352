#include "daemon/before.h"

#include <utility>

namespace superd::daemon {
namespace {

// It runs as the first worker would.
constexpr int kFirstWorker = 1;

}  // namespace

void Before::run(const core::RunBefore& what) {
  running_[what.roll] = std::nullopt;
  const core::SpecPtr group = parts_.recipes.spec(what.group, what.generation);
  parts_.recipes.with(what.group, what.generation, kFirstWorker,
                      [this, roll = what.roll, group](const Result<Recipes::Shared>& recipe) {
                        if (running_.contains(roll)) start(roll, group, recipe);
                      });
}

void Before::start(core::CommandId roll, const core::SpecPtr& group,
                   const Result<Recipes::Shared>& recipe) {
  if (!recipe) {
    end(roll, group->name, {.how = ErrandEnd::How::never_ran, .message = recipe.error().message});
    return;
  }
  running_[roll] = parts_.errands.run(
      {.recipe = *recipe,
       .worker = kFirstWorker,
       .command = group->roll.before,
       .timeout = group->roll.before_timeout},
      [this, roll, name = group->name](ErrandEnd how) { end(roll, name, std::move(how)); });
}

void Before::end(core::CommandId roll, const std::string& group, ErrandEnd how) {
  running_.erase(roll);
  if (how.how == ErrandEnd::How::never_ran) how.message = "could not be run: " + how.message;
  tell_({.group = group,
         .roll = roll,
         .ok = how.how == ErrandEnd::How::succeeded,
         .message = std::move(how.message),
         .output = std::move(how.output)});
}

void Before::cancel(core::CommandId roll) {
  const auto found = running_.extract(roll);
  if (!found.empty() && found.mapped()) parts_.errands.cancel(*found.mapped());
}

}  // namespace superd::daemon
