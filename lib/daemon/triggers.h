#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/path_change.h"
#include "core/spec.h"
#include "core/supervision.h"
#include "daemon/automatic.h"
#include "daemon/look_turns.h"
#include "loop/loop.h"

namespace superd::daemon {

// The path triggers and hold files of all groups: watches them as long as their group exists, and
// tells Automatic what fired. A hold file that is removed ends the hold once everything that
// happened before is known, so that a deploy that changed much is one action. A trigger that fires
// whenever it has acted is made to wait (core::Repetition), which the log says.
class Triggers {
 public:
  // What was seen when a group's triggers acted last, for the next supervisor: `note` collects
  // (an empty text: nothing is known), `flush` writes, at the latest with what the action does.
  struct Keep {
    std::function<void(const std::string& group, std::string text)> note;
    std::function<void()> flush;
  };
  Triggers(loop::Loop& loop, const core::Supervision& core, Automatic& automatic, Keep keep);
  ~Triggers();
  Triggers(const Triggers&) = delete;
  Triggers& operator=(const Triggers&) = delete;

  // Watches what the group asks for from now on, instead of what it asked for before. Where it asks
  // for the same again nothing is changed, and no change is lost. What was made to wait is acted
  // on.
  // `kept`: what an earlier supervisor has kept of the same triggers; what differs from it changed
  // while none looked.
  void set(const core::GroupSpec& group, std::string_view kept = {});
  void remove(const std::string& group);

  // Calls back, now or later, when everything that happened until now to the group's paths was
  // looked at; before a hold is released by command. A file system that does not answer is waited
  // for kPatience.
  static constexpr std::chrono::seconds kPatience{5};
  void when_settled(const std::string& group, std::function<void()> then);

  // Why changes are found by looking at an interval only: `there are as many inotify watches as
  // there may be …`; nothing: the kernel tells of them.
  [[nodiscard]] std::optional<std::string> degraded(const std::string& group) const;
  // Why a trigger that fired has not acted yet: `/srv/web/cache.db changed 14 times in a row …`.
  [[nodiscard]] std::optional<std::string> repeats(const std::string& group) const;
  // How many directories are watched.
  [[nodiscard]] std::size_t watches(const std::string& group) const;

 private:
  struct Fuse;
  struct Watched;

  void on_fired(Watched& watched, std::size_t trigger, const core::Comparison::Result& seen);
  void act_later(const std::string& group, Fuse& fuse, core::Duration wait);
  void act(const std::string& group, Fuse& fuse);
  // Since when nothing goes on in the group; nothing: something does.
  [[nodiscard]] std::optional<core::TimePoint> rest_of(const std::string& group) const;
  void on_hold_file(Watched& watched, std::size_t existing);
  void on_round(Watched& watched);
  void release(Watched& watched);
  void keep_seen(Watched& watched);

  loop::Loop& loop_;
  const core::Supervision& core_;
  Automatic& automatic_;
  Keep keep_;
  LookTurns turns_;
  std::map<std::string, std::unique_ptr<Watched>> groups_;
};

}  // namespace superd::daemon
