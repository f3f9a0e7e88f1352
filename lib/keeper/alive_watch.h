#pragma once

#include <chrono>
#include <optional>

namespace superd::keeper {

// When to ask a supervisor (or logger) whether it is alive, and when to conclude that it hangs
// (stopped, looping, or waiting for something that does not come). Knows no process and no clock.
//
// Whatever comes from it is a sign of life. It is asked when there was none for an interval; from
// then on, and from its start or a signal on, which it acknowledges as well, it has its time. That
// is counted in ticks of the asker: a tick counts as one however long it took, so that a machine
// that stood still, or a keeper that was stopped too, is not taken for a supervisor that hangs.
class AliveWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Limits {
    // Rare, because an idle superd is to stay idle.
    std::chrono::milliseconds interval = std::chrono::seconds(60);
    std::chrono::milliseconds tick = std::chrono::seconds(5);
    // 30 s: what a machine under load takes to let one process run is far below.
    int ticks = 6;
  };
  enum class Verdict { fine, ask, hangs };

  explicit AliveWatch(Limits limits) : limits_(limits) {}

  // Something was sent that a living supervisor acknowledges.
  void expect(TimePoint now);
  void heard(TimePoint now);
  // It is gone or left alone: nothing is due until the next expect().
  void ended() {
    due_.reset();
    expecting_ = false;
  }

  // When look() is to be called.
  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }
  // `ask`: ask now (which counts as expect()). `hangs`: said once.
  [[nodiscard]] Verdict look(TimePoint now);
  // It was asked, and has not answered for a third of the time that it has, or for all of it.
  [[nodiscard]] bool silent() const { return expecting_ && ticks_ * 3 >= limits_.ticks; }
  // The last sign of life, or the start.
  [[nodiscard]] TimePoint heard_at() const { return heard_; }
  [[nodiscard]] std::chrono::milliseconds patience() const { return limits_.tick * limits_.ticks; }

 private:
  Limits limits_;
  std::optional<TimePoint> due_;
  TimePoint heard_{};
  bool expecting_ = false;
  int ticks_ = 0;
};

}  // namespace superd::keeper
