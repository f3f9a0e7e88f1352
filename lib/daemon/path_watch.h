#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/settle.h"
#include "daemon/look_turns.h"
#include "daemon/path_look.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "os/inotify.h"

namespace superd::daemon {

// What the paths of one trigger, or a hold file, are watched for.
struct Subject {
  enum class Looked { by_itself, with_every_other };
  LookOrder order;
  core::Duration settle{};
  core::Duration poll{0};  // > 0: it is looked at at this interval as well
  Looked looked = Looked::by_itself;
  // What an earlier supervisor has seen: what differs at the first look is a change.
  std::shared_ptr<const core::Snapshot> before{};
};

// Watches the subjects of one group. What the kernel tells is a hint to look again, once it is
// quiet; only a look decides. Where the kernel cannot tell (no inotify instance or watch is left, a
// directory may not be watched) it looks at an interval, which degraded() and the log say.
//
// May be destroyed at any time but in its own callbacks.
class PathWatch {
 public:
  // How often it looks where the kernel does not tell; less often where looking takes long.
  static constexpr std::chrono::seconds kInterval{2};

  struct Callbacks {
    // It was looked at when it was quiet, and something had changed.
    std::function<void(std::size_t subject, const core::Comparison::Result&)> on_change;
    // After each look: how many of its paths exist.
    std::function<void(std::size_t subject, std::size_t existing)> on_look;
    // After each round of looks: on_look and then on_change have told of them, subject by subject.
    std::function<void()> on_round;
  };

  // `name` of the group, for the log. What changes from now on is a change: the first look, which
  // begins at once, finds only those.
  PathWatch(loop::Loop& loop, LookTurns& turns, std::string name, std::vector<Subject> subjects,
            Callbacks callbacks);
  ~PathWatch();
  PathWatch(const PathWatch&) = delete;
  PathWatch& operator=(const PathWatch&) = delete;

  // Whatever has happened so far is looked at without waiting for quiet.
  void hurry();
  // Whether something has happened that was not looked at yet.
  [[nodiscard]] bool settling() const { return !rounds_.empty() || has_news(); }

  // What on_change has told of and what was no change; null before the first look.
  [[nodiscard]] const std::shared_ptr<const core::Snapshot>& seen(std::size_t subject) const {
    return states_[subject].before;
  }

  [[nodiscard]] const std::optional<std::string>& degraded() const { return degraded_; }
  // How many directories are watched.
  [[nodiscard]] std::size_t watches() const { return watched_.size(); }

 private:
  struct State {
    std::shared_ptr<const Subject> subject;
    core::Settle settle;
    std::shared_ptr<const core::Snapshot> before{};
    std::uint64_t print = 0;  // of the last look
    core::Duration took{};    // by the last look
    std::vector<std::uint64_t> deleted{};
    std::vector<Interest> interests{};
    std::optional<core::TimePoint> early{};  // to be looked at then, though it is not quiet
    std::optional<std::string> unwatched{};
    std::optional<std::string> unseen{};
  };
  // One of those that are looked at together.
  struct Round {
    enum class Kind { settled, early };
    std::size_t subject = 0;
    Kind kind = Kind::settled;
    core::Settle settle;  // as it was
  };

  void open();
  void on_readable();
  void take(const os::InotifyEvent& event);
  void tell(State& state, const os::InotifyEvent& event);
  void note_all();
  [[nodiscard]] bool has_news() const;

  // path_watch_looks.cc
  void arm();
  void begin_looks();
  std::vector<Round> due_rounds();
  void on_looks(std::vector<Look> looks);
  void judge(const Round& round, Look look);
  void plan(State& state);
  void drop_stale_watches();
  void tell_degraded();

  loop::Loop& loop_;
  LookTurns& turns_;
  std::string name_;
  Callbacks callbacks_;
  std::vector<State> states_;
  std::shared_ptr<os::Inotify> inotify_;  // shared with the look in hand
  std::optional<loop::Poll> poll_;
  std::optional<std::string> no_inotify_;  // why there is none
  std::optional<std::string> degraded_;
  std::vector<int> watched_;  // sorted
  loop::Timer timer_;
  loop::Timer slow_;           // a look takes very long
  bool hurried_ = false;       // what has happened is due
  std::vector<Round> rounds_;  // in hand
  std::vector<os::InotifyEvent> meanwhile_;
  std::optional<LookTurns::Ticket> ticket_;
  std::optional<loop::Work> work_;
  std::optional<core::TimePoint> overflow_told_;
};

}  // namespace superd::daemon
