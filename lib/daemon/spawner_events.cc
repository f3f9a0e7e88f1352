#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "daemon/spawner.h"
#include "daemon/spawner_process.h"

namespace superd::daemon {
namespace {

// A turn takes so many messages of a worker that never stops sending: more than a socket holds
// (net.unix.max_dgram_qlen, 512 at most where systemd sets it), so that an exit finds all of them.
constexpr int kMessagesATurn = 1024;

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

Status Spawner::watch(Process& process) {
  const core::SpawnId id = process.id;
  struct Watch {
    int fd;
    std::optional<loop::Poll>& poll;
    void (Spawner::*handler)(core::SpawnId);
  };
  for (const Watch& w :
       {Watch{process.pidfd.get(), process.exit_poll, &Spawner::on_exit},
        Watch{process.exec_status.get(), process.exec_poll, &Spawner::on_exec_report},
        Watch{process.notify.get(), process.notify_poll, &Spawner::on_notify_socket}}) {
    auto poll = loop::Poll::create(
        parts_.loop, w.fd,
        [this, id, handler = w.handler](loop::PollEvents) { (this->*handler)(id); });
    if (!poll) return tl::unexpected(poll.error());
    w.poll.emplace(std::move(*poll));
    w.poll->watch({.readable = true});
  }
  return {};
}

void Spawner::watch_readiness(core::SpawnId spawn) {
  Process* process = find(spawn);
  if (process == nullptr || !process->launched || process->main_gone) return;
  process->starting = true;
  parts_.readiness.watch({.spawn = spawn,
                          .worker = process->worker,
                          .generation = process->generation,
                          .group = process->group,
                          .main = process->main.pid,
                          .identity = {.uid = process->uid, .gid = process->gid},
                          .sockets = parts_.listeners.fds(*process->group),
                          .ready_pipe = process->ready.get()});
}

void Spawner::unwatch_readiness(core::SpawnId spawn) {
  if (Process* process = find(spawn)) process->starting = false;
  parts_.readiness.unwatch(spawn);
}

void Spawner::on_exec_report(core::SpawnId id) {
  Process* process = find(id);
  if (process == nullptr || !process->exec_status) return;
  const Result<std::optional<os::ExecReport>> report =
      os::read_exec_status(process->exec_status.get());
  if (report && !*report) return;
  process->exec_poll.reset();
  process->exec_status.reset();
  if (report && (*report)->failure) {
    // The process is about to exit; its exit tells the core, with these words.
    process->exec_failure = os::describe(*(*report)->failure, process->request);
  } else {
    tell_(core::ProgramExecuted{.spawn = id});
  }
  process->request = os::SpawnRequest{};
}

void Spawner::on_notify_socket(core::SpawnId id) {
  Process* process = find(id);
  if (process == nullptr) return;
  for (int i = 0; i < kMessagesATurn; ++i) {
    const Result<os::Receive> received = os::receive_notification(process->notify.get());
    if (!received || received->outcome == os::ReceiveOutcome::empty) return;
    if (received->outcome == os::ReceiveOutcome::message) {
      on_notification(*process, received->message);
    }
  }
}

// Only the worker's own tree speaks for it. A sender that has ended since (`systemd-notify` in a
// script) can no longer be looked up: its uid has to be the worker's.
bool Spawner::speaks_for(const Process& process, const os::ReceivedNotification& message) const {
  if (message.pid == process.main.pid) return true;
  if (parts_.tracker.owner(message.pid) == process.id) return true;
  return !os::start_time(message.pid).has_value() && message.uid == process.uid;
}

void Spawner::on_notification(Process& process, const os::ReceivedNotification& message) {
  if (!speaks_for(process, message)) {
    log::warn("{}: ignored a notification from process {}, which is not of its tree",
              core::to_string(process.worker), message.pid);
    return;
  }
  const os::Notification& said = message.notification;
  if (said.status) process.status = *said.status;
  if (said.extend_timeout) {
    tell_(core::TimeoutExtended{.spawn = process.id, .by = *said.extend_timeout});
  }
  if (said.ready) {
    tell_(core::ReadinessSeen{.spawn = process.id, .by = core::ReadyWhen::notify});
  }
}

void Spawner::on_exit(core::SpawnId id) {
  Process* process = find(id);
  if (process == nullptr || process->main_gone) return;
  // What it said last comes before its end.
  on_exec_report(id);
  on_notify_socket(id);
  const Result<std::optional<os::Exit>> exit = os::reap(process->pidfd.get());
  if (exit && !*exit) return;
  process->main_gone = true;
  process->exit_poll.reset();
  core::Exit how;
  if (process->exec_failure) {
    how = core::Exit::before_exec(*process->exec_failure);
  } else if (exit) {
    how = to_core(**exit);
  } else {
    log::error("{}: {}", core::to_string(process->worker), exit.error().message);
  }
  tell_(core::MainExited{.spawn = id, .exit = std::move(how)});
  parts_.listeners.restore(*process->group);
  parts_.tracker.watch_end(id, [this, id] { tell_(core::TreeGone{.spawn = id}); });
}

}  // namespace superd::daemon
