#include "daemon/child.h"

#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/shortage.h"
#include "os/pidfd_info.h"

namespace superd::daemon {
namespace {

// The keeper tells how an adopted process ended within milliseconds. Where another process is its
// parent, the kernel knows once that has reaped it; a slow init took 1.75 s for that
// (LINUX.md 1.2), and one that never does is not waited for.
constexpr std::chrono::milliseconds kQuestionPause{20};
constexpr int kMostQuestions = 100;

os::ProcessId identify(pid_t pid) {
  constexpr int kTries = 3;
  Result<os::ProcessId> id = os::process_id(pid);
  for (int tried = 1; !id && tried < kTries; ++tried) id = os::process_id(pid);
  return id.value_or(os::ProcessId{.pid = pid, .start_time = 0});
}

}  // namespace

core::Exit to_core(const os::Exit& exit) {
  switch (exit.kind) {
    case os::Exit::Kind::exited:
      return core::Exit::with_status(exit.value);
    case os::Exit::Kind::signalled:
      return core::Exit::by_signal(exit.value);
  }
  std::abort();
}

core::Exit before_exec(const Error& why) {
  return is_shortage(why.code) ? core::Exit::for_shortage(why.message)
                               : core::Exit::before_exec(why.message);
}

Child::Child(os::SpawnRequest request, os::Spawned spawned)
    : request_(std::move(request)),
      id_(identify(spawned.pid)),
      pidfd_(std::move(spawned.pidfd)),
      exec_status_(std::move(spawned.exec_status)) {}

Child::Child(const os::ProcessId& id, UniqueFd pidfd)
    : id_(id), adopted_(true), pidfd_(std::move(pidfd)) {}

Status Child::follow(loop::Loop& loop, Hooks hooks) {
  hooks_ = std::move(hooks);
  if (adopted_) {
    patience_.emplace(loop, [this] { ask_for_exit(); });
    if (!pidfd_) {
      patience_->after(kQuestionPause);
      return {};
    }
    return watch(loop, pidfd_.get(), exit_poll_, &Child::on_end);
  }
  if (exec_status_ && !exec_poll_) {
    Status watched = watch(loop, exec_status_.get(), exec_poll_, &Child::on_exec_report);
    if (!watched) return watched;
  }
  return watch(loop, pidfd_.get(), exit_poll_, &Child::on_end);
}

Status Child::watch(loop::Loop& loop, int fd, std::optional<loop::Poll>& poll,
                    void (Child::*handler)()) {
  auto made = loop::Poll::readable(loop, fd, [this, handler] { (this->*handler)(); });
  if (!made) return tl::unexpected(made.error());
  poll.emplace(std::move(*made));
  return {};
}

void Child::on_exec_report() {
  if (!exec_status_) return;
  const Result<std::optional<os::ExecReport>> report = os::read_exec_status(exec_status_.get());
  if (report && !*report) return;
  exec_poll_.reset();
  exec_status_.reset();
  const bool failed = report && (*report)->failure;
  // It is about to exit; its exit is told with these words.
  if (failed) {
    const os::ExecFailure& failure = *(*report)->failure;
    exec_failure_ = Error{.code = failure.code, .message = os::describe(failure, request_)};
  }
  request_ = os::SpawnRequest{};
  if (!failed && hooks_.on_running) hooks_.on_running();
}

void Child::on_end() {
  if (gone_) return;
  if (adopted_) return on_adopted_end();
  // What it said last comes before its end.
  on_exec_report();
  if (hooks_.on_ended) hooks_.on_ended();
  // Reaped when everybody was told: should superd die in between, its end is the keeper's to tell.
  const Result<std::optional<os::Exit>> exit = os::peek_exit(pidfd_.get());
  if (exit && !*exit) return;
  exit_poll_.reset();
  const UniqueFd pidfd = std::move(pidfd_);
  core::Exit how;
  if (exec_failure_) {
    how = before_exec(*exec_failure_);
  } else if (exit) {
    how = to_core(**exit);
  } else {
    log::error("process {}: {}", id_.pid, exit.error().message);
  }
  tell_exit(std::move(how));
  (void)os::reap(pidfd.get());
}

void Child::ended(const os::Exit& exit) {
  // Nobody asks where its end is known already.
  if (gone_ || !adopted_ || !hooks_.on_exit) return;
  if (hooks_.on_ended) hooks_.on_ended();
  tell_exit(to_core(exit));
}

void Child::on_adopted_end() {
  exit_poll_.reset();
  ask_for_exit();
}

void Child::ask_for_exit() {
  if (const std::optional<os::Exit> exit = os::exit_of_reaped(pidfd_.get())) return ended(*exit);
  if (++asked_ > kMostQuestions) {
    if (hooks_.on_ended) hooks_.on_ended();
    return tell_exit(core::Exit{});
  }
  patience_->after(kQuestionPause);
}

// The last thing done with this child.
void Child::tell_exit(core::Exit exit) {
  gone_ = true;
  exit_poll_.reset();
  patience_.reset();
  const auto on_exit = std::move(hooks_.on_exit);
  on_exit(std::move(exit));
}

Status Child::signal(int number) const {
  if (gone_) return {};
  return os::signal_pidfd(pidfd_.get(), number);
}

void Child::reap() {
  if (gone_) return;
  const auto exit = os::reap(pidfd_.get());
  gone_ = !exit || exit->has_value();
}

}  // namespace superd::daemon
