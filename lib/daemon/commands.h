#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/effect.h"
#include "daemon/http_server.h"
#include "daemon/rolls.h"
#include "logs/line.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "wire/views.h"

namespace superd::daemon {

// Clients that wait for the outcome of a command. Each gets one answer: the outcome, with the last
// output lines of what failed, or `timed-out` when its own patience ends first; the command goes on
// without it.
class Commands {
 public:
  // The last lines that a spawn wrote; the callback comes once, later.
  using Tail = std::function<void(
      core::SpawnId, std::function<void(std::optional<std::vector<logs::Line>>)> on_lines)>;

  struct Waiter {
    std::string action;  // `start`, `stop`, `restart`
    std::string group;
    std::optional<core::Duration> timeout;  // nothing: for ever
    std::function<int()> in_force{};        // the group's generation
    std::string remark{};                   // for the message of an answer that has none of its own
  };

  static constexpr int kOutputLines = 20;
  // Ids that are kept at a time, and at most lost with a supervisor.
  static constexpr std::uint64_t kIdsAtATime = 100;
  // Of a group that fails as a whole, so many workers tell their last lines.
  static constexpr std::size_t kWorkersWithOutput = 4;

  // `rolls` tells which roll serves a command and what became of it, and is told first.
  Commands(loop::Loop& loop, const Rolls& rolls, Tail tail)
      : loop_(loop), rolls_(rolls), tail_(std::move(tail)) {}

  // Called before the first id is given. Ids go on above `last`, which no id of an earlier
  // supervisor is. `keep` is told an id before those up to it are given: for the next supervisor.
  void begin_above(core::CommandId last, std::function<void(core::CommandId)> keep);
  core::CommandId next_id();
  void wait(core::CommandId id, Waiter waiter, Responder responder);
  // A command that nobody waits for is forgotten.
  void on_answer(core::Answer answer);
  // Another superd goes on with all commands: who waits is told.
  void leave_to_the_next();

 private:
  struct Pending {
    Waiter waiter;
    Responder responder;
    std::optional<loop::Timer> timer;
  };
  void time_out(core::CommandId id);
  void respond(Pending pending, const core::Answer& answer);

  loop::Loop& loop_;
  const Rolls& rolls_;
  Tail tail_;
  std::uint64_t last_id_ = 0;
  std::uint64_t kept_id_ = 0;
  std::function<void(core::CommandId)> keep_id_;
  std::map<core::CommandId, Pending> pending_;
};

}  // namespace superd::daemon
