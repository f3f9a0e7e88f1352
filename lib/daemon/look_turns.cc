#include "daemon/look_turns.h"

#include <algorithm>

namespace superd::daemon {

LookTurns::Ticket LookTurns::ask(std::function<void()> on_turn) {
  const Ticket ticket{++last_};
  waiting_.emplace_back(ticket, std::move(on_turn));
  go_on();
  return ticket;
}

void LookTurns::give_back(Ticket ticket) {
  in_hand_.erase(ticket);
  std::erase_if(waiting_, [&](const auto& one) { return one.first == ticket; });
  go_on();
}

void LookTurns::go_on() {
  while (in_hand_.size() < kMost && !waiting_.empty()) {
    auto [ticket, on_turn] = std::move(waiting_.front());
    waiting_.pop_front();
    in_hand_.insert(ticket);
    on_turn();
  }
}

}  // namespace superd::daemon
