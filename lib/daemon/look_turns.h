#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <utility>

namespace superd::daemon {

// A look may hang in the thread pool as long as a dead file system likes. So that this never takes
// all threads from the starts of other groups, at most kMost looks are in hand at a time, over all
// groups; the others wait for their turn.
class LookTurns {
 public:
  static constexpr std::size_t kMost = 2;
  enum class Ticket : std::uint64_t {};

  // Calls back when it is this one's turn: now or later.
  Ticket ask(std::function<void()> on_turn);
  // The look is done, or nobody waits for it any more; so is asking for one.
  void give_back(Ticket ticket);

 private:
  void go_on();

  std::uint64_t last_ = 0;
  std::set<Ticket> in_hand_;
  std::deque<std::pair<Ticket, std::function<void()>>> waiting_;
};

}  // namespace superd::daemon
