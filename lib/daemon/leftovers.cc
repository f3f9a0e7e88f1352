#include "daemon/leftovers.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "core/worker.h"
#include "os/process.h"
#include "os/process_table.h"

namespace superd::daemon {

void Leftovers::end(const std::vector<One>& leftovers, std::function<void(core::SpawnId)> gone,
                    std::function<void()> done) {
  gone_ = std::move(gone);
  done_ = std::move(done);
  if (leftovers.empty()) return done_();
  const std::size_t count = leftovers.size();
  log::warn("found {} worker{} of a supervisor that died; ending {} in order, then starting afresh",
            count, count == 1 ? "" : "s", count == 1 ? "it" : "them");
  for (const One& one : leftovers) {
    ask_to_leave(one);
    loop::Timer timer(loop_, [this, spawn = one.spawn] { kill(spawn); });
    timer.after(one.stop.timeout);
    waiting_.emplace(one.spawn, Patience{.timer = std::move(timer)});
  }
  for (const One& one : leftovers) {
    tracker_.watch_end(one.spawn, [this, spawn = one.spawn] {
      tracker_.forget(spawn);
      settle(spawn);
    });
  }
}

void Leftovers::hurry() {
  for (auto& [spawn, patience] : waiting_) patience.timer.after(loop::Duration::zero());
}

void Leftovers::kill(core::SpawnId spawn) {
  Patience& patience = waiting_.at(spawn);
  if (patience.kills >= core::kMaxKills) {
    log::error("what is left of spawn {} survived KILL: superd goes on without it",
               core::to_string(spawn));
    settle(spawn);
    return;
  }
  ++patience.kills;
  patience.timer.after(kill_pause_);
  tracker_.kill(spawn);
}

void Leftovers::settle(core::SpawnId spawn) {
  if (waiting_.erase(spawn) == 0) return;
  gone_(spawn);
  if (!waiting_.empty()) return;
  mains_.clear();
  done_();
}

void Leftovers::ask_to_leave(const One& one) {
  // The main process came home to the keeper and leads its session; where none does, it is gone and
  // what it left behind is asked.
  bool asked = false;
  for (const pid_t pid : tracker_.members(one.spawn)) {
    const Result<os::ProcessInfo> process = os::read_process(pid);
    if (!process || process->parent != keeper_ || process->session != pid) continue;
    log::info("{}: asking process {} to leave", core::to_string(one.worker), pid);
    if (ask_main(one, process->id) == Asked::yes) asked = true;
  }
  if (!asked) tracker_.signal(one.spawn, one.stop.signal);
}

Leftovers::Asked Leftovers::ask_main(const One& one, const os::ProcessId& process) {
  Result<UniqueFd> pidfd = os::open_pidfd(process);
  if (!pidfd || !os::signal_pidfd(pidfd->get(), one.stop.signal)) return Asked::no;
  Main& main = mains_.emplace_back();
  main.pidfd = std::move(*pidfd);
  auto end = loop::Poll::readable(loop_, main.pidfd.get(), [this, &main, one] {
    main.end->stop();
    tracker_.signal(one.spawn, one.stop.signal);
  });
  if (end) main.end.emplace(std::move(*end));
  return Asked::yes;
}

}  // namespace superd::daemon
