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

namespace superd::daemon {

// roll.before: once before a roll, by the recipe that the roll makes, as worker 1 would run.
class Before {
 public:
  struct Parts {
    Recipes& recipes;
    Errands& errands;
  };
  using Tell = std::function<void(const core::BeforeEnded&)>;

  Before(Parts parts, Tell tell) : parts_(parts), tell_(std::move(tell)) {}

  // Its end is told once, also where there is no recipe or nothing could be started.
  void run(const core::RunBefore& what);
  // Nothing is told any more.
  void cancel(core::CommandId roll);

 private:
  void start(core::CommandId roll, const core::SpecPtr& group,
             const Result<Recipes::Shared>& recipe);
  void end(core::CommandId roll, const std::string& group, ErrandEnd how);

  Parts parts_;
  Tell tell_;
  // Nothing: it waits for its recipe.
  std::map<core::CommandId, std::optional<core::SpawnId>> running_;
};

}  // namespace superd::daemon
