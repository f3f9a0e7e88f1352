#include "keeper/role.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace superd::keeper {

std::string describe(const os::Exit& exit) {
  switch (exit.kind) {
    case os::Exit::Kind::exited:
      return fmt::format("exited with status {}", exit.value);
    case os::Exit::Kind::signalled:
      return fmt::format("was killed by signal {} ({})", exit.value, signal_name(exit.value));
  }
  std::abort();
}

bool Role::start(int program_fd, Clock::time_point now) {
  due_.reset();
  Result<StartedChild> child = start_child(program_fd, argv_, keeper_dies_);
  if (!child) {
    pause(now, {}, fmt::format("the {} cannot be started: {}", name_, child.error().message));
    return false;
  }
  pid_ = child->pid;
  started_ = now;
  channel_.emplace(std::move(child->link));
  log::debug("the {} is process {}", name_, pid_);
  return true;
}

void Role::replace(pid_t pid, UniqueFd link, Clock::time_point now) {
  pid_ = pid;
  started_ = now;
  due_.reset();
  replaced_ = true;
  if (!link) return;
  channel_.emplace(std::move(link));
  channel_->close_writing();
}

void Role::ended(const os::Exit& exit, Clock::time_point now) {
  const pid_t pid = std::exchange(pid_, -1);
  channel_.reset();
  if (retired_) {
    log::debug("the {} (process {}) has left: {}", name_, pid, describe(exit));
    return;
  }
  if (std::exchange(replaced_, false)) {
    log::info("the {} (process {}) has made room: {}", name_, pid, describe(exit));
    due_ = now;
    return;
  }
  pause(now, now - started_, fmt::format("the {} (process {}) {}", name_, pid, describe(exit)));
}

void Role::pause(Clock::time_point now, std::chrono::nanoseconds lived, const std::string& what) {
  const std::chrono::milliseconds rest = restart_pause_.next(lived);
  due_ = now + rest;
  if (rest.count() == 0) {
    log::error("{}; it is started again at once", what);
  } else {
    log::error("{}; it is started again in {} ms", what, rest.count());
  }
}

void Role::hurry(Clock::time_point now) {
  if (due_) due_ = std::min(*due_, now);
}

void Role::kill_if_deaf() {
  // Not reaped yet, so the PID is nobody else's. A process that is ending anyway keeps its status.
  if (alive() && channel_ && channel_->closed()) ::kill(pid_, SIGKILL);
}

void Role::retire() {
  retired_ = true;
  due_.reset();
}

}  // namespace superd::keeper
