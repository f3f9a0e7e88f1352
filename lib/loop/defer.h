#pragma once

#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace superd::loop {

// Runs a function once at the end of the turn in which schedule() was called, however often it was
// called: for work that many events of one turn ask for together. Asked for in the callback of a
// Defer, it runs in the next turn, which does not wait.
// Movable; may be destroyed inside its own callback.
class Defer {
 public:
  Defer(Loop& loop, std::function<void()> function);

  void schedule();
  void cancel();
  [[nodiscard]] bool scheduled() const;

 private:
  struct Nothing {};

  UvHandle<uv_idle_t, Nothing> awake_;
  // Its callback cancels both handles before it calls the function.
  struct Action {
    uv_idle_t* awake = nullptr;
    std::function<void()> function;
  };
  UvHandle<uv_check_t, Action> check_;
};

}  // namespace superd::loop
