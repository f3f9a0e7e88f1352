#include "daemon/child.h"

#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace superd::daemon {
namespace {

core::Exit to_core(const os::Exit& exit) {
  switch (exit.kind) {
    case os::Exit::Kind::exited:
      return core::Exit::with_status(exit.value);
    case os::Exit::Kind::signalled:
      return core::Exit::by_signal(exit.value);
  }
  std::abort();
}

}  // namespace

Child::Child(os::SpawnRequest request, os::Spawned spawned)
    : request_(std::move(request)),
      id_(os::process_id(spawned.pid).value_or(os::ProcessId{.pid = spawned.pid, .start_time = 0})),
      pidfd_(std::move(spawned.pidfd)),
      exec_status_(std::move(spawned.exec_status)) {}

Status Child::follow(loop::Loop& loop, Hooks hooks) {
  hooks_ = std::move(hooks);
  if (Status watched = watch(loop, exec_status_.get(), exec_poll_, &Child::on_exec_report);
      !watched) {
    return watched;
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
  if (failed) exec_failure_ = os::describe(*(*report)->failure, request_);
  request_ = os::SpawnRequest{};
  if (!failed && hooks_.on_running) hooks_.on_running();
}

void Child::on_end() {
  if (gone_) return;
  // What it said last comes before its end.
  on_exec_report();
  if (hooks_.on_ended) hooks_.on_ended();
  const Result<std::optional<os::Exit>> exit = os::reap(pidfd_.get());
  if (exit && !*exit) return;
  gone_ = true;
  exit_poll_.reset();
  core::Exit how;
  if (exec_failure_) {
    how = core::Exit::before_exec(*exec_failure_);
  } else if (exit) {
    how = to_core(**exit);
  } else {
    log::error("process {}: {}", id_.pid, exit.error().message);
  }
  // The last thing done with this child.
  const auto on_exit = std::move(hooks_.on_exit);
  on_exit(std::move(how));
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
