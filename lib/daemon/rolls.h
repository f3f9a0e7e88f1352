#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "core/effect.h"
#include "core/event.h"
#include "logs/line.h"
#include "wire/views.h"

namespace superd::daemon {

// What superd was asked to do of late, as objects that can be asked for by their id: the rolls of
// the groups with their steps, and besides them every start, stop and restart of a worker, so that
// each id that somebody was given means something. Kept in memory: all that go on, the last kKept
// that are over, and the last roll of every group. A command that was joined to another's roll is
// answered for by that roll.
class Rolls {
 public:
  using Time = std::chrono::system_clock::time_point;
  // The last lines that a spawn wrote; the callback comes once, later.
  using Tail = std::function<void(
      core::SpawnId, std::function<void(std::optional<std::vector<logs::Line>>)> on_lines)>;

  static constexpr std::size_t kKept = 100;
  static constexpr std::size_t kJoined = 1000;
  // Of a roll of very many workers the steps in the middle are left out.
  static constexpr std::size_t kFirstSteps = 100;
  static constexpr std::size_t kLastSteps = 300;
  static constexpr std::size_t kFailed = 4;  // workers whose end is told

  struct Asked {
    std::string action{};  // `start`, `stop`, `restart`
    core::Target target{};
    std::string cause{};
    int workers = 0;  // that the target has
    pid_t asker = 0;  // the process; 0: none that can be told
  };

  // For a supervisor that comes after: a part of what is known of a roll, under a key of the
  // journal; empty: nothing under this key, or one that it begins, is kept any more.
  using Keep = std::function<void(const std::string& key, std::string text)>;

  // `on_output` is called whenever the last lines of a failed worker have come.
  Rolls(Tail tail, std::function<void()> on_output, Keep keep)
      : tail_(std::move(tail)), on_output_(std::move(on_output)), keep_(std::move(keep)) {}

  // What an earlier supervisor kept, in the order of the keys; a text that cannot be read is left
  // out. Before the first command.
  void restore(const std::string& key, const std::string& text);

  // A command is about to be given to the core under this id.
  void ask(core::CommandId id, Asked asked, Time now);
  // The command is served by another's roll, from now on.
  void join(core::CommandId id, core::CommandId roll);

  void note(const core::RollBegan& e, Time now);
  void note(const core::RollStep& e, Time now);
  void note(const core::RollEnded& e, Time now);
  void note(const core::Answer& e, Time now);

  // The roll that serves the command: its own id unless it was joined.
  [[nodiscard]] core::CommandId serving(core::CommandId id) const;
  // Nothing more comes: it is over, and what its failed workers wrote is known; or it is not known.
  [[nodiscard]] bool complete(core::CommandId id) const;
  // Empty for an id that is not known.
  [[nodiscard]] std::string group_of(core::CommandId id) const;
  // Only steps with a number above `after`. Nothing for an id that is not known.
  [[nodiscard]] std::optional<wire::RollView> view(core::CommandId id,
                                                   std::uint64_t after = 0) const;
  // Oldest first.
  [[nodiscard]] std::vector<core::CommandId> all() const;
  // Those that go on and that this process asked for.
  [[nodiscard]] std::vector<core::CommandId> asked_by(pid_t asker) const;
  // The group's roll in hand, or else its last one; starts and stops are none.
  [[nodiscard]] std::optional<core::CommandId> last_of(const std::string& group) const;
  // What became of the roll, in one sentence; empty while it goes on, and for one that is done.
  [[nodiscard]] std::string message(core::CommandId id) const;

 private:
  struct Failed {
    wire::WorkerOutcomeView view;
    core::SpawnId spawn{};
  };
  struct Entry {
    Asked asked;
    bool began_roll = false;  // it is a roll of a group, and its turn has come
    int generation = 0;
    Time began{};
    std::optional<Time> ended;
    std::string result;
    std::string message;
    std::set<int> replaced;       // by the new recipe, and not returned
    std::set<int> newest_failed;  // workers
    int returned = 0;
    std::vector<Failed> failed;
    std::string before_failed;
    std::vector<std::string> before_output;
    std::vector<wire::RollStepView> first_steps;
    std::deque<wire::RollStepView> last_steps;
    std::uint64_t left_out = 0;
    int tails_missing = 0;
  };
  struct Joined {
    core::CommandId roll{};
    pid_t asker = 0;
  };

  [[nodiscard]] const Entry* find(core::CommandId id) const;
  Entry* find(core::CommandId id);
  void follow(const core::RollStep& e, Entry& entry);
  void add_step(core::CommandId id, Entry& entry, wire::RollStepView step);
  // rolls_keep.cc. Step 0: all that is no step.
  static std::string key_of(core::CommandId id, std::uint64_t step);
  void keep(core::CommandId id);
  void keep_step(core::CommandId id, const wire::RollStepView& step);
  void restore_head(core::CommandId id, const std::string& text);
  void restore_step(core::CommandId id, const std::string& text);
  void drop(core::CommandId id);
  void note_failed(core::CommandId id, Entry& entry, const core::WorkerOutcome& outcome);
  void fetch_output(core::CommandId id, const Failed& failed);
  void end(core::CommandId id, Entry& entry, std::string result, Time now);

  Tail tail_;
  std::function<void()> on_output_;
  Keep keep_;
  std::map<core::CommandId, Entry> entries_;
  std::deque<core::CommandId> over_;  // the first to end is first
  std::map<core::CommandId, Joined> joined_;
  std::map<std::string, core::CommandId> last_rolls_;  // by group
  std::uint64_t last_step_ = 0;
};

}  // namespace superd::daemon
