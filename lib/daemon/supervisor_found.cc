#include <algorithm>
#include <charconv>

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

// A journal that was lost or set aside: the processes are known by their cgroups (or, without
// cgroups, as the keeper's children with superd's mark in their environment), and say themselves
// which worker they are. They are taken for ready; the rest of what was known is lost. Nobody knows
// what they were started by, so that the config file's group is a generation of its own, by which
// they are replaced when they end.
namespace superd::daemon {
namespace {

struct Found {
  ProcessRecord record;
  core::TimePoint since;
};

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

core::Life life_of(const Found& found, const core::Policy& policy) {
  return {.spawn = found.record.spawn,
          .generation = found.record.generation,
          .ready = policy.terms.ready,
          .pid = found.record.main.pid,
          .started = found.since,
          .deadline = found.since,
          .soaks_since = found.since,
          .ready_since = found.since};
}

// The latest spawn of a worker serves, and those before it were leaving.
void place(core::Worker& worker, std::vector<Found> spawns, const core::Policy& policy) {
  std::sort(spawns.begin(), spawns.end(),
            [](const Found& a, const Found& b) { return a.record.spawn < b.record.spawn; });
  worker.life = life_of(spawns.back(), policy);
  worker.state = core::WorkerState::ready;
  worker.since = spawns.back().since;
  worker.cause = "boot";
  worker.last_spawn = spawns.back().record.spawn;
  spawns.pop_back();
  for (const Found& old : spawns) {
    worker.draining.push_back(life_of(old, policy));
    worker.draining.back().deadline = old.since + policy.terms.stop.timeout;
  }
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

std::optional<Recovered> Supervisor::find_running() const {
  std::map<core::WorkerRef, std::vector<Found>> found;
  for (const core::SpawnId spawn : tracking_.leftovers) {
    if (is_errand(spawn)) continue;
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
    found[worker].push_back({.record = {.spawn = spawn,
                                        .worker = worker,
                                        .generation = generation_of(main->pid),
                                        .main = *main,
                                        .number = os::process_number(pidfd->get()),
                                        .uid = who->uid,
                                        .gid = who->gid,
                                        .status = {}},
                             .since = loop::now()});
  }
  Recovered recovered;
  recovered.spec = spec_;
  for (const core::GroupSpec& spec : spec_.groups) {
    core::Group group = core::make_group(std::make_shared<const core::GroupSpec>(spec));
    for (core::Worker& worker : group.workers) {
      const auto spawns = found.find(worker.ref);
      if (spawns == found.end()) continue;
      for (const Found& one : spawns->second) {
        group.last_generation = std::max(group.last_generation, one.record.generation);
        recovered.processes[one.record.spawn] = one.record;
      }
      place(worker, spawns->second, group.policy);
    }
    if (group.last_generation > 0) {
      group.cause = "boot";
      group.in_force = ++group.last_generation;
      group.recipes.insert(group.in_force);
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

}  // namespace superd::daemon
