#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec.h"

namespace superd::daemon {

// The one door for everything that superd does to a group by itself: triggers, schedules,
// recycling. While a group is held what is due is kept, each action once, and done in the order in
// which it became due last when the hold ends.
//
// A group is held by a command or by its hold_file or by both; it is free when neither holds it.
class Automatic {
 public:
  // Does it now. What does not fit the group's state (a restart of a group that was stopped on
  // purpose) does nothing.
  using Act = std::function<void(const std::string& group, const core::TriggerAction& action,
                                 const std::string& cause)>;
  enum class Taken { acted, kept };
  enum class Holder { command, file };

  // What the next supervisor is to restore() of a group's hold; an empty text: nothing.
  using Keep = std::function<void(const std::string& group, std::string text)>;

  explicit Automatic(Act act, Keep keep = {}) : act_(std::move(act)), keep_(std::move(keep)) {}

  // What Keep was told of a group that is still held, by its hold file or by a command of which
  // somebody else knows. A text that cannot be read restores nothing.
  void restore(const std::string& group, std::string_view text);

  // `cause` as in every start, stop and roll: `trigger /srv/web/app.wsgi`, `schedule`, `memory`.
  Taken request(const std::string& group, const core::TriggerAction& action,
                const std::string& cause);

  // `by` for whoever asks why: `command uid=0 pid=4711`, `/srv/web/deploy.lock`. False: this holder
  // held it already.
  bool hold(const std::string& group, Holder holder, const std::string& by);
  // False: this holder did not hold it. Acts, before it returns, where no other holds it.
  bool release(const std::string& group, Holder holder);
  [[nodiscard]] bool holds(const std::string& group, Holder holder) const;

  // `held by command uid=0 pid=4711; due at the release: restart (trigger /srv/web/app.wsgi)`;
  // nothing: not held.
  [[nodiscard]] std::optional<std::string> held(const std::string& group) const;

  // The group is no more: neither holds nor what is due are left of it.
  void forget(const std::string& group);

 private:
  struct Due {
    core::TriggerAction action;
    std::string cause;
  };
  struct Hold {
    std::map<Holder, std::string> by;
    std::vector<Due> due;
  };

  void keep(const std::string& group) const;

  Act act_;
  Keep keep_;
  std::map<std::string, Hold> holds_;
};

// `restart`, `signal HUP`
std::string to_text(const core::TriggerAction& action);

}  // namespace superd::daemon
