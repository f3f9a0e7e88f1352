#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/spec.h"
#include "daemon/automatic.h"
#include "daemon/look_turns.h"
#include "loop/loop.h"

namespace superd::daemon {

class PathWatch;

// The path triggers and hold files of all groups: watches them as long as their group exists, and
// tells Automatic what fired.
class Triggers {
 public:
  Triggers(loop::Loop& loop, Automatic& automatic);
  ~Triggers();
  Triggers(const Triggers&) = delete;
  Triggers& operator=(const Triggers&) = delete;

  // Watches what the group asks for from now on, instead of what it asked for before. What is
  // watched as before goes on undisturbed: a change that was under way is not lost.
  void set(const core::GroupSpec& group);
  void remove(const std::string& group);

  // Why changes are found by looking at an interval only, or not at all: `the limit of watches is
  // reached …`; nothing: the kernel tells them.
  [[nodiscard]] std::optional<std::string> degraded(const std::string& group) const;
  // How many directories are watched.
  [[nodiscard]] std::size_t watches(const std::string& group) const;

 private:
  struct Watched;

  void on_fired(const std::string& group, const core::TriggerAction& action,
                const std::string& path, const std::string& what);

  loop::Loop& loop_;
  Automatic& automatic_;
  LookTurns turns_;
  std::map<std::string, std::unique_ptr<Watched>> groups_;
};

}  // namespace superd::daemon
