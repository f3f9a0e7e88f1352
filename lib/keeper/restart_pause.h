#pragma once

#include <chrono>

namespace superd::keeper {

// How long to wait before a child that ended is started again: 0 at first, then 100 ms doubling to
// 5 s; a child that lived 10 s begins anew.
class RestartPause {
 public:
  std::chrono::milliseconds next(std::chrono::nanoseconds lived);

 private:
  std::chrono::milliseconds pause_{0};
};

}  // namespace superd::keeper
