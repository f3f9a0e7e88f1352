#include "harness/wait.h"

#include <poll.h>

namespace superd::scenario {

bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return done();
    ::poll(nullptr, 0, 10);
  }
  return true;
}

}  // namespace superd::scenario
