#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/errands.h"
#include "daemon/supervisor_state.h"
#include "os/credentials.h"
#include "os/listen_sight_text.h"
#include "os/pidfd_info.h"
#include "os/process_table.h"
#include "os/read_file.h"

// A journal that was lost or set aside, or that could not be written for a while: the processes are
// known by their cgroups (or, without cgroups, as the keeper's children with superd's mark in their
// environment), and say themselves which worker they are. The rest of what was known of them is
// lost. Nobody knows what they were started by, so that the group's configuration is a generation
// of its own, by which they are replaced when they end.
namespace superd::daemon {
namespace {

int generation_of(pid_t pid) {
  const std::string text = os::environment_variable(pid, "SUPERD_GENERATION").value_or("");
  int generation = 0;
  std::from_chars(text.data(), text.data() + text.size(), generation);
  return std::max(generation, 1);
}

// The process that superd made: it leads its session, and its parent is the keeper, or, where that
// was killed as well, whoever takes orphans; the first of those.
std::optional<os::ProcessId> main_of(const std::vector<pid_t>& members, pid_t keeper) {
  std::optional<os::ProcessId> main;
  for (const pid_t pid : members) {
    const Result<os::ProcessInfo> process = os::read_process(pid);
    if (!process || process->session != pid) continue;
    if (process->parent == keeper) return process->id;
    if (std::ranges::find(members, process->parent) != members.end()) continue;
    if (!main || process->id.start_time < main->start_time) main = process->id;
  }
  return main;
}

core::Life life_of(const ProcessRecord& record, const core::Policy& policy) {
  const core::TimePoint since = loop::now();
  return {.spawn = record.spawn,
          .generation = record.generation,
          .ready = policy.terms.ready,
          .pid = record.main.pid,
          .started = since,
          .deadline = since,
          .soaks_since = since,
          .ready_since = since};
}

// The latest spawn serves, and those before it were leaving.
void place(core::Worker& worker, std::vector<ProcessRecord> spawns, const core::Policy& policy) {
  std::ranges::sort(spawns, {}, &ProcessRecord::spawn);
  worker.life = life_of(spawns.back(), policy);
  worker.state = core::WorkerState::ready;
  worker.since = loop::now();
  worker.cause = "boot";
  worker.last_spawn = spawns.back().spawn;
  spawns.pop_back();
  for (const ProcessRecord& old : spawns) {
    worker.draining.push_back(life_of(old, policy));
    worker.draining.back().deadline += policy.terms.stop.timeout;
  }
}

// False only where it is sure.
bool lives_on(const ProcessRecord& record) {
  const Result<UniqueFd> pidfd = os::open_pidfd(record.main);
  if (!pidfd) return pidfd.error().code != ESRCH;
  const auto number = os::process_number(pidfd->get());
  if (record.number && number && *record.number != *number) return false;
  return !os::has_ended(pidfd->get());
}

core::SpawnId youngest(const core::Worker& worker) {
  core::SpawnId spawn = worker.last_spawn;
  core::each_life(worker, [&](const core::Life& life) { spawn = std::max(spawn, life.spawn); });
  return spawn;
}

// Whoever waited for it asked a supervisor that is gone.
void begin_afresh(core::Group& group, core::Worker& worker) {
  core::Worker fresh;
  fresh.ref = worker.ref;
  fresh.draining = std::move(worker.draining);
  fresh.restarts = worker.restarts;
  worker = std::move(fresh);
  for (auto& [id, command] : group.commands) command.pending.erase(worker.ref.number);
  std::erase_if(group.commands, [](const auto& one) { return one.second.pending.empty(); });
}

// A roll that the journal has in hand may be over long since: it changes nothing any more.
void end_old_roll(core::Group& group) {
  if (!group.roll) return;
  core::Roll& roll = *group.roll;
  roll.phase = core::Roll::Phase::ending;
  roll.result = core::RollResult::stopped;
  roll.aborted = "the journal could not be written: how it went on is not known";
  roll.spec_before = nullptr;
  roll.waiting.clear();
  roll.in_hand.clear();
  roll.holding.clear();
  roll.leaving.clear();
  for (core::Worker& worker : group.workers) worker.roll_to.reset();
}

// What starts from now on: the configuration at hand, as a generation that nothing runs by.
void begin_generation(core::Group& group) {
  for (const core::Worker& worker : group.workers) {
    core::each_life(worker, [&](const core::Life& life) {
      group.last_generation = std::max(group.last_generation, life.generation);
    });
  }
  group.in_force = ++group.last_generation;
  group.recipes.insert(group.in_force);
}

}  // namespace

// Whether it is the user of that group: what a process says of itself is not enough.
bool Supervisor::may_be(const core::WorkerRef& worker, uid_t uid) const {
  const core::GroupSpec* group = spec_of(worker.group);
  if (group == nullptr) return false;
  if (!group->user) return uid == ::geteuid();
  const Result<os::User> user = os::find_user(*group->user);
  return user && user->uid == uid;
}

std::map<core::WorkerRef, std::vector<ProcessRecord>> Supervisor::find_processes(
    const std::set<core::SpawnId>& known) const {
  std::map<core::WorkerRef, std::vector<ProcessRecord>> found;
  for (const core::SpawnId spawn : tracking_.leftovers) {
    if (is_errand(spawn) || known.contains(spawn)) continue;
    const auto main = main_of(tracking_.tracker->members(spawn), keeper_pid_);
    if (!main) continue;
    const auto held = held_spawns_.find(spawn);
    const core::WorkerRef worker =
        held != held_spawns_.end() ? held->second : worker_of_environment({main->pid});
    if (worker.group.empty()) continue;
    const Result<UniqueFd> pidfd = os::open_pidfd(*main);
    const Result<std::string> status = os::read_file(fmt::format("/proc/{}/status", main->pid));
    const auto who = status ? os::parse_identity(*status) : std::nullopt;
    if (!pidfd || !who || !may_be(worker, who->uid)) continue;
    found[worker].push_back({.spawn = spawn,
                             .worker = worker,
                             .generation = generation_of(main->pid),
                             .main = *main,
                             .number = os::process_number(pidfd->get()),
                             .uid = who->uid,
                             .gid = who->gid,
                             .status = {}});
  }
  return found;
}

std::optional<Recovered> Supervisor::find_running() const {
  const auto found = find_processes({});
  Recovered recovered;
  recovered.spec = spec_;
  for (const core::GroupSpec& spec : spec_.groups) {
    core::Group group = core::make_group(std::make_shared<const core::GroupSpec>(spec));
    bool any = false;
    for (core::Worker& worker : group.workers) {
      const auto spawns = found.find(worker.ref);
      if (spawns == found.end()) continue;
      any = true;
      for (const ProcessRecord& one : spawns->second) recovered.processes[one.spawn] = one;
      place(worker, spawns->second, group.policy);
    }
    if (any) {
      group.cause = "boot";
      begin_generation(group);
      log::warn(
          "{}: its workers live on, and what they were started by is lost with the journal: what "
          "starts from now on goes by the config file, as generation {}; superctl restart {} makes "
          "them all alike",
          group.name, group.in_force, group.name);
    }
    group.since = group.up_since = loop::now();
    group.state = core::derive_state(group);
    recovered.groups.push_back(std::move(group));
  }
  if (recovered.processes.empty()) return std::nullopt;
  return recovered;
}

bool Supervisor::may_serve(const Recovered& recovered, const core::Life& life) const {
  if (life.main_gone) return false;
  const auto record = recovered.processes.find(life.spawn);
  if (record != recovered.processes.end()) return lives_on(record->second);
  return main_of(tracking_.tracker->members(life.spawn), keeper_pid_).has_value();
}

// A spawn is in the journal before it is made: one that is younger than all of its worker that the
// journal knows was made while that could not be written. Where nothing is left of what the journal
// has in the worker's place, that one serves.
void Supervisor::take_younger(Recovered& recovered) {
  if (recovered.in_hand.shutting_down) return;
  std::set<core::SpawnId> known;
  for (const auto& [spawn, record] : recovered.processes) known.insert(spawn);
  for (const core::Group& group : recovered.groups) {
    for (const core::Worker& worker : group.workers) {
      core::each_life(worker, [&](const core::Life& life) { known.insert(life.spawn); });
    }
  }
  const auto found = find_processes(known);
  for (core::Group& group : recovered.groups) {
    if (recovered.in_hand.removed.contains(group.name)) continue;
    bool any = false;
    for (core::Worker& worker : group.workers) {
      const auto spawns = found.find(worker.ref);
      if (spawns == found.end()) continue;
      any = take_younger(recovered, group, worker, spawns->second) || any;
    }
    if (!any) continue;
    recovered.in_hand.stops.erase(group.name);
    group.demand.reset();
    end_old_roll(group);
    begin_generation(group);
    group.state = core::derive_state(group);
    log::warn(
        "{}: workers live on that were started while the journal could not be written, and what "
        "they were started by is not known: what starts from now on goes by the configuration in "
        "the journal, as generation {}; superctl restart {} makes them all alike",
        group.name, group.in_force, group.name);
  }
}

bool Supervisor::take_younger(Recovered& recovered, core::Group& group, core::Worker& worker,
                              std::vector<ProcessRecord> spawns) {
  std::erase_if(spawns, [last = youngest(worker)](const auto& one) { return one.spawn <= last; });
  if (spawns.empty() || worker.surplus) return false;
  for (const auto* life : {&worker.life, &worker.next}) {
    if (*life && may_serve(recovered, **life)) return false;
  }
  // What their trees left behind is ended as what nobody knows.
  for (const auto* life : {&worker.life, &worker.next}) {
    if (!*life) continue;
    recovered.processes.erase((*life)->spawn);
    journal_.forget((*life)->spawn);
  }
  begin_afresh(group, worker);
  for (const ProcessRecord& one : spawns) recovered.processes[one.spawn] = one;
  place(worker, std::move(spawns), group.policy);
  return true;
}

}  // namespace superd::daemon
