#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace superd::keeper {

// superd's own service manager (systemd, or what speaks sd_notify as well), as the keeper's
// environment names it. Without one nothing is sent. Nothing here waits or fails: what cannot be
// told is logged.
class ServiceManager {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: they are the
  // keeper's alone, neither supervisor nor workers see them. A WATCHDOG_PID of another process, or
  // a WATCHDOG_USEC that is no number above 0, means no watchdog.
  static ServiceManager from_environment();

  // `READY=1` and the like, lines joined by '\n'.
  void tell(std::string_view state) const;

  // How often it is to hear that superd lives: half of what it waits. Nothing: never.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }
  // The supervisor has answered at `now`: passed on, no more often than needed.
  void alive(TimePoint now);

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_;
  std::optional<TimePoint> told_alive_;
};

}  // namespace superd::keeper
