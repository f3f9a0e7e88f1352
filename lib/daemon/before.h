#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/effect.h"
#include "core/event.h"
#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/errands.h"
#include "daemon/recipe.h"
#include "daemon/rehearsals.h"

namespace superd::daemon {

// What a roll does before it touches anything, by the recipe that it makes: roll.before, as worker
// 1 would run, and its rehearsal.
class Before {
 public:
  struct Parts {
    Recipes& recipes;
    Errands& errands;
    Rehearsals& rehearsals;
  };
  using Tell = std::function<void(const core::BeforeEnded&)>;

  Before(Parts parts, Tell tell) : parts_(parts), tell_(std::move(tell)) {}

  // Its end is told once, also where there is no recipe or nothing could be started.
  void run(const core::RunBefore& what);
  // Nothing is told any more.
  void cancel(core::CommandId roll);

 private:
  void start(const core::RunBefore& what, const core::SpecPtr& group,
             const Result<Recipes::Shared>& recipe);
  void end(const core::RunBefore& what, ErrandEnd how);

  Parts parts_;
  Tell tell_;
  // Nothing: it waits for its recipe.
  std::map<core::CommandId, std::optional<core::SpawnId>> running_;
};

}  // namespace superd::daemon
