#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "daemon/event_history.h"
#include "daemon/responder.h"
#include "loop/defer.h"
#include "loop/loop.h"

namespace superd::daemon {

// Tells clients of events, from the history. A follower has a place in the history and no queue of
// its own: one that does not read costs what fits into one write, and holds nobody up. When the
// history has moved on past the place of such a follower it gets one last line, `dropped`, whose id
// is where to go on from.
class EventFeed {
 public:
  static constexpr std::size_t kMaxFollowers = 64;
  static constexpr std::size_t kChunkBytes = std::size_t{64} << 10;  // a write, and a line more

  static constexpr std::size_t kEventsAtOnce = 500;

  struct Wish {
    std::string group{};                   // empty: all, and superd itself
    std::optional<std::uint64_t> since{};  // nothing: all that is kept; of a follower: from now on
  };

  // The history must outlive it.
  EventFeed(loop::Loop& loop, const EventHistory& history);

  // 200 and what is kept.
  void answer(const Wish& wish, Responder out) const;
  // 200 and what is kept and comes; 503 where there are too many.
  void follow(const Wish& wish, Responder out);
  // The history has grown: followers are told at the end of the loop's turn, or of many events.
  void wake();
  // superd leaves: what followers can take at once is theirs, then their answers end. None comes
  // after that.
  void end();
  [[nodiscard]] std::size_t followers() const { return followers_.size(); }

 private:
  struct Follower {
    std::string group;
    std::uint64_t told = 0;  // all events up to this id
    bool waits = false;      // for the client to read on
    bool over = false;
    ResponseStream out;
  };

  void tell_all();
  void tell(Follower& follower);
  void drop(Follower& follower);
  // A first line where events after `since` are no longer kept; empty: none are missing.
  [[nodiscard]] std::string missed_line(std::uint64_t since) const;
  // An id that is not given yet is of a history that was lost: all that is kept is new then.
  [[nodiscard]] std::uint64_t place_of(std::uint64_t since) const;

  const EventHistory& history_;
  std::list<Follower> followers_;
  loop::Defer turn_;
  std::size_t untold_ = 0;
  bool ended_ = false;
};

}  // namespace superd::daemon
