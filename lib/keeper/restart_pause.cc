#include "keeper/restart_pause.h"

#include <algorithm>
#include <utility>

namespace superd::keeper {

std::chrono::milliseconds RestartPause::next(std::chrono::nanoseconds lived) {
  using std::chrono::milliseconds;
  if (lived >= std::chrono::seconds(10)) pause_ = milliseconds(0);
  const milliseconds following =
      pause_.count() == 0 ? milliseconds(100) : std::min(pause_ * 2, milliseconds(5000));
  return std::exchange(pause_, following);
}

}  // namespace superd::keeper
