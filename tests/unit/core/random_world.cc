#include "random_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "event_text.h"

namespace superd::core {

using namespace std::chrono_literals;

RandomWorld::RandomWorld(std::uint64_t seed)
    : random_(seed),
      max_starting_(1 + static_cast<int>(pick(4))),
      core_({.first_spawn = 1 + pick(1000), .max_starting = max_starting_}) {
  const int groups = 1 + static_cast<int>(pick(4));
  for (int i = 0; i < groups; ++i) make_group(i, groups);
}

void RandomWorld::make_group(int index, int groups) {
  GroupSpec spec;
  spec.name = fmt::format("g{}", index);
  spec.workers = 1 + static_cast<int>(pick(4));
  constexpr ReadyWhen kWays[] = {ReadyWhen::notify, ReadyWhen::delay, ReadyWhen::listening};
  spec.ready.when = kWays[pick(3)];
  spec.ready.timeout = std::chrono::seconds(1 + pick(60));
  spec.ready.delay = std::chrono::milliseconds(pick(1000));
  if (chance(30)) spec.ready.soak = std::chrono::milliseconds(pick(5000));
  spec.roll.strategy = chance(70) ? RollStrategy::rolling : RollStrategy::stop_first;
  spec.roll.batch = chance(50) ? BatchSpec{.workers = 1 + static_cast<int>(pick(3))}
                               : BatchSpec{.percent = 1 + static_cast<int>(pick(100))};
  if (chance(30)) spec.roll.before = {"check"};
  spec.roll.rehearse = chance(30);
  spec.roll.on_failure = chance(80) ? OnFailure::rollback : OnFailure::hold;
  spec.stop = {.signal = 15, .timeout = std::chrono::seconds(pick(40))};
  constexpr RespawnPolicy kPolicies[] = {RespawnPolicy::always, RespawnPolicy::on_failure,
                                         RespawnPolicy::never};
  spec.respawn.policy = kPolicies[pick(3)];
  spec.respawn.backoff.min = std::chrono::milliseconds(pick(3) * 100);
  spec.respawn.reset_after = std::chrono::seconds(pick(20));
  spec.respawn.give_up.failures = static_cast<int>(pick(4));
  // Those with an even name depend on any of the odd ones, and all on later ones of their kind.
  for (int other = 0; other < groups; ++other) {
    const bool may = index % 2 == other % 2 ? index < other : index % 2 == 0;
    if (may && chance(40)) spec.depends_on.push_back(fmt::format("g{}", other));
  }
  core_.add_group(spec);
  specs_[spec.name] = spec;
  group_states_[spec.name] = GroupState::stopped;
  for (const Worker& worker : core_.find(spec.name)->workers) {
    worker_states_[worker.ref] = WorkerState::stopped;
  }
}

// --- what happens ------------------------------------------------------------------------------

void RandomWorld::step() {
  const std::uint64_t what = pick(100);
  if (what < 13) {
    command();
  } else if (what < 15) {
    configure();
  } else if (what < 18) {
    end_before(70);
  } else if (what < 60) {
    process_acts(any_spawn());
  } else if (what < 80) {
    const Duration steps[] = {1ns, 100ms, 1s, 5s, 40s};
    advance(steps[pick(5)]);
  } else if (what < 99) {
    noise();
  } else if (chance(20)) {
    shut_down(chance(70) ? Urgency::ordered : Urgency::at_once);
  } else {
    crash();
  }
}

Target RandomWorld::any_target() {
  if (core_.names().empty()) return {.group = "none"};
  const Group& group = *core_.find(core_.names().at(pick(core_.names().size())));
  const int number = chance(50) ? 0 : 1 + static_cast<int>(pick(group.workers.size()));
  return {.group = group.name, .worker = number};
}

// One that lives, mostly; else one that is gone, or that never was.
SpawnId RandomWorld::any_spawn() {
  std::vector<SpawnId> living;
  for (const auto& [id, process] : processes_) {
    if (!process.forgotten) living.push_back(id);
  }
  if (!living.empty() && !chance(3)) return living[pick(living.size())];
  if (processes_.empty() || chance(20)) return SpawnId{pick(3000)};
  return std::next(processes_.begin(), static_cast<std::ptrdiff_t>(pick(processes_.size())))->first;
}

Exit RandomWorld::any_exit() {
  switch (pick(4)) {
    case 0:
      return Exit::with_status(0);
    case 1:
      return Exit::with_status(1);
    case 2:
      return Exit::by_signal(9);
    default:
      return Exit{};
  }
}

void RandomWorld::end_before(int percent_ok) {
  if (befores_.empty()) return;
  const auto [group, roll] = *befores_.begin();
  befores_.erase(befores_.begin());
  send(BeforeEnded{.group = group,
                   .roll = roll,
                   .ok = chance(static_cast<unsigned>(percent_ok)),
                   .message = "exited with status 1",
                   .output = {}});
}

void RandomWorld::command() {
  if (core_.names().empty()) return configure();
  const Target target = any_target();
  const std::uint64_t what = pick(3);
  const bool is_roll = what == 2 && target.worker == 0;
  const CommandId id = !is_roll && chance(10) ? kOwnCommand : CommandId{++last_command_};
  if (id != kOwnCommand) owed_.insert(id);
  switch (what) {
    case 0:
      return send(StartRequested{.command = id, .target = target, .cause = "command"});
    case 1:
      return send(StopRequested{.command = id, .target = target, .cause = "command"});
    default:
      return send(RestartRequested{
          .command = id, .target = target, .cause = "command", .pace = any_pace()});
  }
}

// Other numbers of workers, other ways to get ready and to leave, groups that go and come back.
void RandomWorld::configure() {
  auto any = specs_.begin();
  std::advance(any, static_cast<std::ptrdiff_t>(pick(specs_.size())));
  const CommandId id{++last_command_};
  const std::string name = any->first;
  if (chance(15) && core_.find(name) != nullptr) {
    owed_.insert(id);
    ever_up_.insert(name);  // from now on nobody waits for it
    return send(GroupRemoved{.command = id, .group = name, .cause = "config"});
  }
  GroupSpec spec = any->second;
  spec.workers = 1 + static_cast<int>(pick(4));
  const bool comes_back = core_.find(name) == nullptr;
  const bool anew = !comes_back && chance(40);
  if (anew) {
    spec.ready.when = chance(50) ? ReadyWhen::notify : ReadyWhen::delay;
    spec.ready.soak = std::chrono::milliseconds(pick(2) * 500);
  }
  spec.stop.timeout = std::chrono::seconds(pick(40));
  owed_.insert(id);
  send(GroupConfigured{
      .command = id,
      .spec = std::make_shared<const GroupSpec>(spec),
      .recipe = anew ? GroupConfigured::Recipe::anew : GroupConfigured::Recipe::same,
      .cause = "config"});
  // What ran without it goes on without what it needs.
  if (!comes_back) return;
  for (const std::string& needed : core_.dependencies().needed_by(name)) ever_up_.insert(needed);
}

Pace RandomWorld::any_pace() {
  if (chance(70)) return Pace::in_turn;
  return chance(60) ? Pace::at_once : Pace::on_demand;
}

void RandomWorld::process_acts(SpawnId id) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  Process& process = found->second;
  if (process.main_gone) {
    if (!process.immortal || all_die_) send(TreeGone{.spawn = id});
    return;
  }
  if (!process.executed && chance(80)) {
    process.executed = true;
    send(ProcessMade{.spawn = id, .pid = static_cast<std::int64_t>(id) + 100});
    send(ProgramExecuted{.spawn = id});
    return;
  }
  if (process.executed && chance(60)) {
    const ReadyWhen by = process.watched ? ReadyWhen::listening : ReadyWhen::notify;
    return send(ReadinessSeen{.spawn = id, .by = by});
  }
  process.main_gone = true;
  send(MainExited{.spawn = id,
                  .exit = process.executed ? any_exit() : Exit::before_exec("exec: no such file")});
  if (!process.immortal && chance(60)) send(TreeGone{.spawn = id});
}

// Late, repeated and foreign events. What happens only once to a process that lives, such as its
// end, is not made up; its tree may be gone without a word about the main process, though.
void RandomWorld::noise() {
  const SpawnId id = any_spawn();
  const auto found = processes_.find(id);
  const bool lives = found != processes_.end() && !found->second.forgotten;
  switch (pick(8)) {
    case 6:
      return send(ConnectionWaits{.group = any_target().group});
    case 7:
      if (chance(20)) send(GroupIdle{.group = any_target().group});
      return;
    case 0:
      return send(ProgramExecuted{.spawn = id});
    case 1:
      return send(TimeoutExtended{.spawn = id, .by = Duration(random_() >> pick(40))});
    case 2:
      if (!lives || found->second.main_gone) send(MainExited{.spawn = id, .exit = any_exit()});
      return;
    case 3:
      if (!lives || chance(10)) {
        if (lives) found->second.main_gone = true;
        send(TreeGone{.spawn = id});
      }
      return;
    default: {
      constexpr TimerKind kKinds[] = {TimerKind::ready_delay, TimerKind::ready_timeout,
                                      TimerKind::kill,        TimerKind::backoff,
                                      TimerKind::soak,        TimerKind::patience};
      const WorkerRef worker = found != processes_.end()
                                   ? found->second.worker
                                   : WorkerRef{.group = chance(50) ? "g0" : "none", .number = 9};
      const TimerKey key{.kind = kKinds[pick(6)], .worker = worker, .spawn = id};
      timers_.erase(key);
      return send(TimerFired{.key = key});
    }
  }
}

void RandomWorld::advance(Duration duration) {
  const TimePoint until = now_ + duration;
  for (;;) {
    const auto next =
        std::min_element(timers_.begin(), timers_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == timers_.end() || next->second > until || !breach_.empty()) break;
    now_ = std::max(now_, next->second);
    const TimerKey key = next->first;
    timers_.erase(next);
    send(TimerFired{.key = key});
  }
  now_ = until;
}

void RandomWorld::shut_down(Urgency urgency) {
  shutdown_asked_ = true;
  send(ShutdownRequested{.cause = urgency == Urgency::ordered ? kInOrder : "signal TERM again",
                         .urgency = urgency});
}

// --- a world that obeys ------------------------------------------------------------------------

void RandomWorld::settle() {
  for (int round = 0; round < 300 && breach_.empty(); ++round) {
    bool moved = !befores_.empty();
    end_before(100);
    // By index: what a process does may bring new ones.
    std::vector<SpawnId> ids;
    for (const auto& [id, process] : processes_) {
      if (!process.forgotten) ids.push_back(id);
    }
    for (const SpawnId id : ids) moved = obey(id) || moved;
    if (moved) continue;
    if (timers_.empty()) return;
    TimePoint next = TimePoint::max();
    for (const auto& [key, at] : timers_) next = std::min(next, at);
    advance(std::max(next - now_, Duration::zero()));
  }
  expect_always(false, "the world settles");
}

// Whether the process had something to do.
bool RandomWorld::obey(SpawnId id) {
  Process& process = processes_.at(id);
  if (process.forgotten) return false;
  const bool dies_of_kill = process.kills > 0 && (!process.immortal || all_die_);
  const bool dies_of_signal = !process.stubborn && !process.immortal;
  if (!process.main_gone) {
    if (dies_of_kill || (dies_of_signal && process.main_signaled)) {
      process.main_gone = true;
      send(MainExited{.spawn = id, .exit = Exit::by_signal(15)});
      return true;
    }
    if (!process.executed) {
      process.executed = true;
      send(ProgramExecuted{.spawn = id});
      return true;
    }
    const Worker* worker = core_.owner(id);
    if (worker == nullptr) return false;
    const bool is_next = worker->next && worker->next->spawn == id;
    const bool is_first =
        worker->life && worker->life->spawn == id && worker->state == WorkerState::starting;
    const bool soaks = is_next ? worker->next->soaks_since.has_value()
                               : is_first && worker->life->soaks_since.has_value();
    if (!(is_next || is_first) || soaks) return false;
    const ReadyWhen way = (is_next ? worker->next : worker->life)->ready.when;
    if (way == ReadyWhen::delay) return false;
    send(ReadinessSeen{.spawn = id, .by = way});
    return true;
  }
  const bool goes = dies_of_kill || (!process.immortal && !process.has_children) ||
                    (dies_of_signal && process.tree_signaled) || (all_die_ && process.immortal);
  if (goes) send(TreeGone{.spawn = id});
  return goes;
}

}  // namespace superd::core
