#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "keeper/channel.h"
#include "keeper/child.h"
#include "keeper/restart_pause.h"
#include "os/process.h"

namespace superd::keeper {

using Clock = std::chrono::steady_clock;

// `exited with status 1`, `was killed by signal 9 (KILL)`.
std::string describe(const os::Exit& exit);

// One of the keeper's two children, over all its lives: supervisor or logger.
class Role {
 public:
  Role(std::string name, std::vector<std::string> argv, KeeperDies keeper_dies)
      : name_(std::move(name)), argv_(std::move(argv)), keeper_dies_(keeper_dies) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool alive() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // When the process that lives now was started.
  [[nodiscard]] std::optional<Clock::time_point> alive_since() const {
    return alive() ? std::optional(started_) : std::nullopt;
  }
  // Nothing between two lives, and once disconnected.
  [[nodiscard]] Channel* channel() { return channel_ ? &*channel_ : nullptr; }
  [[nodiscard]] const Channel* channel() const { return channel_ ? &*channel_ : nullptr; }
  // When it is to be started; nothing while it lives or once it was retired.
  [[nodiscard]] std::optional<Clock::time_point> due() const { return due_; }

  // True if it lives now. A start that fails is logged and due again after the growing pause.
  bool start(int program_fd, Clock::time_point now);
  // Another keeper, whose place this one takes, has started it. It is asked to make room for one of
  // the present program, by the end of its pair, and ended() has that started at once.
  void replace(pid_t pid, UniqueFd link, Clock::time_point now);
  [[nodiscard]] bool replaced() const { return replaced_; }
  // It was reaped: due again after the growing pause, unless retired. The channel is closed.
  void ended(const os::Exit& exit, Clock::time_point now);
  // Skips the pause that is left.
  void hurry(Clock::time_point now);
  // A child that has closed its end can neither be told nor say anything: it is killed, and reaped
  // and started again like any other.
  void kill_if_deaf();
  // Never started again.
  void retire();
  void disconnect() { channel_.reset(); }

 private:
  void pause(Clock::time_point now, std::chrono::nanoseconds lived, const std::string& what);

  std::string name_;
  std::vector<std::string> argv_;
  KeeperDies keeper_dies_;
  pid_t pid_ = -1;
  std::optional<Channel> channel_;
  RestartPause restart_pause_;
  Clock::time_point started_{};
  std::optional<Clock::time_point> due_ = Clock::time_point{};
  bool retired_ = false;
  bool replaced_ = false;
};

}  // namespace superd::keeper
