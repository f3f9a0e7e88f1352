#pragma once

#include <cstdint>
#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace superd::loop {

// Tells after each turn of the loop how long it worked, without the time that it waited for events:
// what came meanwhile waited for as long at most. Costs two looks at the clock a turn and wakes
// nobody; the loop does not go on for its sake.
class TurnTimes {
 public:
  TurnTimes(Loop& loop, std::function<void(Duration)> on_turn);

 private:
  struct Watch {
    std::function<void(Duration)> on_turn;
    bool began = false;
    std::uint64_t since = 0;  // of this turn
    std::uint64_t idle = 0;   // until then
  };
  static void look(uv_prepare_t* raw) noexcept;

  UvHandle<uv_prepare_t, Watch> prepare_;
};

}  // namespace superd::loop
