#include "daemon/leftovers.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "os/process.h"
#include "os/process_table.h"

namespace superd::daemon {

void Leftovers::end(const std::vector<One>& leftovers, std::function<void(core::SpawnId)> gone,
                    std::function<void()> done) {
  gone_ = std::move(gone);
  done_ = std::move(done);
  if (leftovers.empty()) return done_();
  remaining_ = leftovers.size();
  log::warn(
      "found {} workers of a supervisor that died; ending them in order, then starting afresh",
      leftovers.size());
  for (const One& one : leftovers) {
    ask_to_leave(one);
    loop::Timer deadline(loop_, [this, spawn = one.spawn] { kill(spawn); });
    deadline.after(one.stop.timeout);
    deadlines_.emplace(one.spawn, std::move(deadline));
  }
  for (const One& one : leftovers) {
    tracker_.watch_end(one.spawn, [this, spawn = one.spawn] {
      deadlines_.erase(spawn);
      tracker_.forget(spawn);
      gone_(spawn);
      if (--remaining_ > 0) return;
      mains_.clear();
      done_();
    });
  }
}

void Leftovers::hurry() {
  for (auto& [spawn, deadline] : deadlines_) deadline.after(loop::Duration::zero());
}

void Leftovers::kill(core::SpawnId spawn) {
  tracker_.kill(spawn);
  if (const auto found = deadlines_.find(spawn); found != deadlines_.end()) {
    found->second.after(std::chrono::seconds(1));
  }
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
  auto end = loop::Poll::create(loop_, main.pidfd.get(), [this, &main, one](loop::PollEvents) {
    main.end->stop();
    tracker_.signal(one.spawn, one.stop.signal);
  });
  if (!end) return Asked::yes;
  main.end.emplace(std::move(*end));
  main.end->watch({.readable = true});
  return Asked::yes;
}

}  // namespace superd::daemon
