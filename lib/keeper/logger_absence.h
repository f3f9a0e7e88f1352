#pragma once

#include <chrono>
#include <optional>

namespace superd::keeper {

// Tells whether the logger stays away: dies again and again, or cannot be started. One that died
// and is back within a second, or that is slow, is not away: the pipes keep for it what the workers
// write. One that does not answer (keeper/alive_watch.h) is given as none. Knows no process and no
// clock.
class LoggerAbsence {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // How long the pipes alone have to do, and how long a logger has to live to count as back.
  static constexpr std::chrono::milliseconds kPatience{1000};
  // While it is away; the short one while pipes fill up quickly.
  static constexpr std::chrono::milliseconds kTick{200};
  static constexpr std::chrono::milliseconds kShortTick{10};

  enum class Verdict {
    nothing,
    relieve,  // away, and not running now: see to it that no pipe is full
    back,     // said once
  };
  // `alive_since`: when the logger that runs now was started; nothing while none runs.
  [[nodiscard]] Verdict look(std::optional<TimePoint> alive_since, TimePoint now);
  // There was something to relieve: look again soon.
  void hurry(TimePoint now) { due_ = now + kShortTick; }
  // When to look again, unless something happens before.
  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }

 private:
  std::optional<TimePoint> since_;
  std::optional<TimePoint> due_;
};

}  // namespace superd::keeper
