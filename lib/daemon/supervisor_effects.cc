#include <chrono>
#include <cstdlib>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/roll_text.h"
#include "daemon/supervisor_state.h"

namespace superd::daemon {
namespace {

constexpr std::chrono::milliseconds kSocketLooks[] = {std::chrono::milliseconds(1000),
                                                      std::chrono::milliseconds(4000)};

log::Level level_of(core::WorkerState state) {
  switch (state) {
    case core::WorkerState::stopped:
    case core::WorkerState::starting:
    case core::WorkerState::ready:
    case core::WorkerState::stopping:
    case core::WorkerState::exited:
      return log::Level::info;
    case core::WorkerState::backoff:
      return log::Level::warn;
    case core::WorkerState::failed:
    case core::WorkerState::unkillable:
      return log::Level::error;
  }
  std::abort();
}

std::string describe(const core::WorkerChanged& change) {
  std::string line = fmt::format("{}: {} -> {}", core::to_string(change.worker),
                                 core::name(change.from), core::name(change.to));
  if (change.pid != 0) line += fmt::format(" pid={} generation={}", change.pid, change.generation);
  if (!change.message.empty()) line += fmt::format(": {}", change.message);
  return line + fmt::format(" ({})", change.cause);
}

}  // namespace

void Supervisor::happen(const core::Event& event) {
  // Another supervisor goes on, by what is in the journal.
  if (keeper_gone_) return;
  events_.push_back(event);
  if (handling_) return;
  handling_ = true;
  const bool failed = journal_.failing();
  while (!events_.empty()) {
    const core::Event next = std::move(events_.front());
    events_.pop_front();
    occurrences_.note(next, core_, std::chrono::system_clock::now());
    tally_.note(next, core_);
    const std::vector<core::Effect> effects = core_.handle(next, loop::now());
    write_down(effects);
    for (const core::Effect& effect : effects) {
      std::visit([this](const auto& e) { carry_out(e); }, effect);
    }
  }
  handling_ = false;
  journal_.flush();
  // What hindered the one hindered the other.
  if (failed && !journal_.failing()) event_history_.look_after();
  routes_.answer_waiters();
  sync_keeper();
}

void Supervisor::write_down(const std::vector<core::Effect>& effects) {
  const core::TimePoint now = loop::now();
  for (const core::Effect& effect : effects) tally_.note(effect, core_, now);
  keep_tally();
  journal_.note(core_);
  journal_.flush();
}

void Supervisor::keep_tally() {
  for (auto& [key, text] : tally_.take_changes()) journal_.note_metric(key, std::move(text));
}

void Supervisor::on_counted(const logs::Counted& counted) {
  if (keeper_gone_) return;
  tally_.note(counted, core_);
  keep_tally();
  journal_.flush();
}

void Supervisor::ask_for_logger() {
  (void)keeper_.ask(keeper::kPeerItem);
  sync_keeper();
}

bool Supervisor::keep_requests() {
  if (keeper_gone_) return true;
  for (auto& [key, text] : tally_.take_requests()) journal_.note_metric(key, std::move(text));
  return journal_.flush();
}

const core::GroupSpec* Supervisor::spec_of(const std::string& group) const {
  for (const core::GroupSpec& spec : spec_.groups) {
    if (spec.name == group) return &spec;
  }
  return nullptr;
}

void Supervisor::carry_out(const core::MakeRecipe& e) { recipes_.make(e.spec, e.generation); }

void Supervisor::carry_out(const core::DropRecipe& e) {
  recipes_.drop(e.group, e.generation);
  journal_.note(e.group, recipes_);
  close_unused_listeners();
}

void Supervisor::carry_out(const core::Spawn& e) { spawner_.spawn(e); }

void Supervisor::on_timer(const core::TimerKey& key) {
  const bool late = key.kind == core::TimerKind::ready_timeout;
  happen(core::TimerFired{.key = key, .why = late ? readiness_.reason(key.spawn) : ""});
}

void Supervisor::carry_out(const core::WatchReadiness& e) { spawner_.watch_readiness(e.spawn); }

void Supervisor::carry_out(const core::UnwatchReadiness& e) { spawner_.unwatch_readiness(e.spawn); }

void Supervisor::carry_out(const core::RunBefore& e) { before_.run(e); }

void Supervisor::carry_out(const core::CancelBefore& e) { before_.cancel(e.roll); }

void Supervisor::carry_out(const core::WatchDemand& e) { demand_.watch(*spec_of(e.group)); }

void Supervisor::carry_out(const core::UnwatchDemand& e) { demand_.unwatch(e.group); }

void Supervisor::carry_out(const core::RollBegan& e) {
  rolls_.note(e, std::chrono::system_clock::now());
  occurrences_.note(e, std::chrono::system_clock::now());
  log::info("{}: roll {} begins: generation {}, {} worker{} ({})", e.group,
            static_cast<std::uint64_t>(e.roll), e.generation, e.workers, e.workers == 1 ? "" : "s",
            e.cause);
}

void Supervisor::carry_out(const core::RollStep& e) {
  rolls_.note(e, std::chrono::system_clock::now());
  occurrences_.note(e, std::chrono::system_clock::now());
}

void Supervisor::carry_out(const core::RollEnded& e) {
  rolls_.note(e, std::chrono::system_clock::now());
  occurrences_.note(e, std::chrono::system_clock::now());
  const bool done = e.result == core::RollResult::done;
  log::write(done ? log::Level::info : log::Level::error,
             fmt::format("{}: roll {} {}: generation {} is in force{}{}", e.group,
                         static_cast<std::uint64_t>(e.roll), name(e.result), e.generation,
                         done ? "" : ": ", e.message));
}

void Supervisor::carry_out(const core::SignalMain& e) { spawner_.ask_main(e.spawn, e.signal); }

void Supervisor::carry_out(const core::SignalTree& e) { spawner_.ask_tree(e.spawn, e.signal); }

void Supervisor::carry_out(const core::KillTree& e) {
  occurrences_.note(e, core_, std::chrono::system_clock::now());
  spawner_.kill_tree(e.spawn);
}

void Supervisor::carry_out(const core::Forget& e) {
  occurrences_.note(e);
  spawner_.forget(e.spawn);
}

void Supervisor::carry_out(const core::ArmTimer& e) { timers_.arm(e.key, e.at); }

void Supervisor::carry_out(const core::CancelTimer& e) { timers_.cancel(e.key); }

void Supervisor::carry_out(const core::WorkerChanged& e) {
  history_.note(e, std::chrono::system_clock::now());
  occurrences_.note(e, std::chrono::system_clock::now());
  log::write(level_of(e.to), describe(e));
  const core::GroupSpec& group = *spec_of(e.worker.group);
  if (e.to != core::WorkerState::ready || group.listen.empty()) return;
  listeners_.restore(group);
  socket_looks_ = 0;
  sockets_timer_.after(kSocketLooks[0]);
}

void Supervisor::look_after_sockets() {
  restore_sockets();
  ++socket_looks_;
  if (socket_looks_ < std::size(kSocketLooks)) sockets_timer_.after(kSocketLooks[socket_looks_]);
}

void Supervisor::carry_out(const core::GroupChanged& e) {
  occurrences_.note(e, std::chrono::system_clock::now());
  log::info("{}: {} -> {} ({})", e.group, core::name(e.from), core::name(e.to), e.cause);
  if (e.to == core::GroupState::stopped) listeners_.group_stopped(*spec_of(e.group));
}

void Supervisor::carry_out(const core::Answer& e) {
  if (apply_.on_answer(e)) return rolls_.note(e, std::chrono::system_clock::now());
  if (boot_commands_.erase(e.command) > 0) {
    boot_failed_ = boot_failed_ || !e.ok;
    for (const core::WorkerOutcome& worker : e.workers) {
      if (worker.ok) continue;
      log::error("{}: {}", core::to_string({.group = e.group, .number = worker.number}),
                 worker.message);
    }
    if (boot_commands_.empty() && !boot_told_) tell_started();
    return;
  }
  rolls_.note(e, std::chrono::system_clock::now());
  commands_.on_answer(e);
}

void Supervisor::carry_out(const core::ShutdownDone&) {
  // The core knows nothing of an earlier supervisor's workers; the end of the last one goes on
  // here.
  if (!leftovers_.ending()) finish();
}

}  // namespace superd::daemon
