#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keeper/channel.h"

namespace superd::keeper {

// superd's own service manager (systemd, or what speaks sd_notify as well), as the keeper's
// environment names it. Without one nothing is sent. Nothing here waits: what the manager does not
// take at once is sent later, in order, at flush(); what it never takes is logged.
class ServiceManager {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Messages that wait at a time.
  static constexpr std::size_t kMaxWaiting = 16384;
  static constexpr std::chrono::milliseconds kRetry{50};

  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: they are the
  // keeper's alone, neither supervisor nor workers see them. A WATCHDOG_PID of another process, or
  // a WATCHDOG_USEC that is no number above 0, means no watchdog.
  static ServiceManager from_environment();
  // As another keeper, whose place this one takes, had it.
  ServiceManager(std::string socket, std::chrono::milliseconds watchdog);
  [[nodiscard]] const std::string& socket() const { return socket_; }

  // `READY=1` and the like, lines joined by '\n'.
  void tell(std::string_view state) { send({.state = std::string(state), .fds = nullptr}); }

  // The manager's descriptor store: it keeps duplicates under the item's name, and gives them to
  // the next keeper by LISTEN_FDS. A manager without one, or whose store is full, does nothing.
  void store(const std::string& item, const Descriptors& fds);
  void remove(const std::string& item);

  // How often it is to hear that superd lives: half of what it waits. Nothing: never.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }
  // The supervisor has answered at `now`: passed on, no more often than needed.
  void alive(TimePoint now);

  // Sends what waits.
  void flush();
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }

 private:
  ServiceManager() = default;
  struct Message {
    std::string state;
    Descriptors fds;
  };
  void send(Message message);
  // False: the manager's queue is full.
  [[nodiscard]] bool deliver(const Message& message) const;

  std::string socket_;
  std::deque<Message> waiting_;
  std::optional<std::chrono::milliseconds> watchdog_;
  std::optional<TimePoint> told_alive_;
};

}  // namespace superd::keeper
