#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "daemon/spawner.h"
#include "daemon/spawner_process.h"
#include "os/oom_kills.h"

namespace superd::daemon {
namespace {

// A turn takes so many messages of a worker that never stops sending: more than a socket holds
// (net.unix.max_dgram_qlen, 512 at most where systemd sets it), so that an exit finds all of them.
constexpr int kMessagesATurn = 1024;
constexpr std::chrono::milliseconds kWatchPause{200};

}  // namespace

void Spawner::keep_watch(Process& process) {
  const Status watched = watch(process);
  if (watched) return;
  log::warn("{}: {}; trying again until it works", core::to_string(process.worker),
            watched.error().message);
  process.watch_again.emplace(parts_.loop, [this, id = process.id] {
    if (Process* again = find(id); again != nullptr && !again->main_gone) keep_watch(*again);
  });
  process.watch_again->after(kWatchPause);
}

Status Spawner::watch(Process& process) {
  const core::SpawnId id = process.id;
  if (process.notify && !process.notify_poll) {
    auto poll = loop::Poll::readable(parts_.loop, process.notify.get(),
                                     [this, id] { on_notify_socket(id); });
    if (!poll) return tl::unexpected(poll.error());
    process.notify_poll.emplace(std::move(*poll));
  }
  return process.main->follow(
      parts_.loop, {.on_running = [this, id] { tell_(core::ProgramExecuted{.spawn = id}); },
                    .on_ended = [this, id] { on_notify_socket(id); },
                    .on_exit = [this, id](core::Exit exit) { on_exit(id, std::move(exit)); }});
}

void Spawner::watch_readiness(core::SpawnId spawn) {
  Process* process = find(spawn);
  if (process == nullptr || !process->main || process->main_gone) return;
  parts_.readiness.watch(
      {.spawn = spawn,
       .worker = process->worker,
       .generation = process->generation,
       .group = process->group.get(),
       .main = process->main->id().pid,
       .identity = {.uid = process->uid, .gid = process->gid},
       .sockets = parts_.listeners.fds(*process->group),
       .ready_pipe = process->ready.get(),
       .private_socket = process->sockets.empty() ? -1 : process->sockets.front().fd.get()});
}

void Spawner::unwatch_readiness(core::SpawnId spawn) { parts_.readiness.unwatch(spawn); }

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
  if (message.pid == process.main->id().pid) return true;
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
  if (said.status && *said.status != process.status) {
    process.status = *said.status;
    note(process);
  }
  if (said.extend_timeout) {
    tell_(core::TimeoutExtended{.spawn = process.id, .by = *said.extend_timeout});
  }
  if (said.ready) {
    tell_(core::ReadinessSeen{.spawn = process.id, .by = core::ReadyWhen::notify});
  }
}

// The kernel tells nobody whom it killed for want of memory: it counts. A KILL that superd did not
// send, from a process that nobody asked to leave, is its doing where the count has grown.
bool Spawner::was_probably_out_of_memory(const Process& process, const core::Exit& exit) {
  if (exit != core::Exit::by_signal(SIGKILL) || process.killed || process.main_told) return false;
  return process.oom_kills && os::oom_kills().value_or(0) > *process.oom_kills;
}

void Spawner::on_exit(core::SpawnId id, core::Exit exit) {
  Process* process = find(id);
  if (process == nullptr || process->main_gone) return;
  process->main_gone = true;
  if (was_probably_out_of_memory(*process, exit)) {
    exit.reason = core::kByOomKiller;
  }
  tell_(core::MainExited{.spawn = id, .exit = std::move(exit)});
  parts_.listeners.restore(*process->group);
  parts_.tracker.watch_end(id, [this, id] { tell_(core::TreeGone{.spawn = id}); });
}

}  // namespace superd::daemon
