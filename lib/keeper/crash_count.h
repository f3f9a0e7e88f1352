#pragma once

#include <chrono>
#include <deque>

namespace superd::keeper {

// Tells when supervisors die too often to blame chance: kMany crashes within kWindow. Whatever the
// next one would read of its predecessor's state is then suspected.
class CrashCount {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMany = 3;
  static constexpr std::chrono::seconds kWindow{10};

  // A crash at `now`. True: this one made them many; counting begins anew. The time that it hung
  // before does not count: three that hang one after the other are many too.
  [[nodiscard]] bool crashed(TimePoint now, std::chrono::nanoseconds hung = {});

 private:
  std::deque<TimePoint> times_;
};

}  // namespace superd::keeper
