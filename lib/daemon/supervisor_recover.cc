#include <array>
#include <csignal>
#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/supervisor_state.h"
#include "keeper/exit_record.h"
#include "os/take_socket.h"

// A supervisor that died leaves its workers to the keeper and its knowledge to the journal; the
// next one goes on with both.
namespace superd::daemon {
namespace {

// Between its making and its exec a worker is a copy of superd.
bool is_still_superd(pid_t pid) {
  std::error_code failed;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", failed);
  const auto its = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), failed);
  return !failed && own == its;
}

}  // namespace

Status Supervisor::take_over(const Recovered& recovered) {
  read_early_exits();
  for (const core::Group& group : recovered.groups) taken_[group.name] = group.spec;
  for (const Recovered::Made& made : recovered.recipes) {
    recipes_.restore(made.spec, made.recipe);
  }
  for (const auto& [key, text] : recovered.rolls) rolls_.restore(key, text);
  tally_.restore(recovered.metrics,
                 recovered.upgraded ? Tally::After::upgrade : Tally::After::death);
  core_.restore(recovered.groups, recovered.in_hand);
  find_unmade(recovered);
  const std::vector<core::Effect> effects = core_.resume(unmade_, loop::now());
  std::size_t count = 0;
  for (const std::string& name : core_.names()) {
    for (const core::Worker& worker : core_.find(name)->workers) {
      Status adopted;
      core::each_life(worker, [&](const core::Life& life) {
        if (adopted) adopted = adopt(recovered, worker, life);
      });
      if (!adopted) return adopted;
      if (worker.life && !worker.life->main_gone) ++count;
    }
    journal_.note(name, recipes_);
  }
  write_down(effects);
  log::info("goes on with {} worker{} of the supervisor before", count, count == 1 ? "" : "s");
  // Nothing that an effect causes overtakes the effects before it.
  handling_ = true;
  for (const core::Effect& effect : effects) {
    std::visit([this](const auto& e) { carry_out(e); }, effect);
  }
  handling_ = false;
  go_on();
  return {};
}

void Supervisor::tell_of_the_one_before(const Recovered& recovered, bool first) {
  std::string text = "a new supervisor took the place of one that ended";
  if (first) text = "superd goes on with the workers of one that was killed whole";
  if (recovered.upgraded) {
    text = fmt::format("superd {} made room for {}", recovered.version, SUPERD_VERSION);
  }
  log::write(recovered.upgraded ? log::Level::info : log::Level::warn, text);
  occurrences_.note_other(recovered.upgraded ? core::OccurrenceKind::daemon_upgraded
                                             : core::OccurrenceKind::daemon_recovered,
                          "", text, std::chrono::system_clock::now());
}

void Supervisor::take_sockets(const Recovered& recovered) {
  std::set<std::string> wanted;
  for (const core::GroupSpec& group : spec_.groups) {
    for (const core::ListenSpec& socket : group.listen) {
      if (!core::is_private(socket)) wanted.insert(socket.address);
    }
  }
  for (const auto& [spawn, record] : recovered.processes) {
    if (wanted.empty()) return;
    const Result<UniqueFd> pidfd = os::open_pidfd(record.main);
    if (!pidfd) continue;
    Result<std::vector<os::TakenSocket>> taken =
        os::take_listening_sockets(pidfd->get(), record.main.pid);
    if (!taken) {
      log::warn("{}: its sockets cannot be taken over: {}", core::to_string(record.worker),
                taken.error().message);
      continue;
    }
    for (os::TakenSocket& socket : *taken) {
      if (wanted.erase(socket.address) == 0) continue;
      const std::string name = Listeners::kPrefix + socket.address;
      (void)keeper_.put(name, std::array{socket.fd.get()});
      listeners_.adopt(name, std::move(socket.fd));
    }
  }
}

void Supervisor::read_early_exits() {
  if (!exits_) return;
  while (true) {
    const auto records = keeper::read_exits(exits_.get(), 256);
    if (!records || records->empty()) return;
    for (const keeper::ExitRecord& record : *records) early_exits_[record.process] = record.exit;
  }
}

// A process of which the journal does not know that it was made, or that it got as far as its
// program, never served: it is ended, and its worker gets its turn again.
void Supervisor::find_unmade(const Recovered& recovered) {
  for (const std::string& name : core_.names()) {
    for (const core::Worker& worker : core_.find(name)->workers) {
      core::each_life(worker, [&](const core::Life& life) {
        if (life.main_gone || life.ready_since) return;
        const auto made = recovered.processes.find(life.spawn);
        if (made == recovered.processes.end()) {
          unmade_.insert(life.spawn);
        } else if (!early_exits_.contains(made->second.main) &&
                   is_still_superd(made->second.main.pid)) {
          unmade_.insert(life.spawn);
          (void)os::signal_process(made->second.main, SIGKILL);
        }
      });
    }
  }
}

Status Supervisor::adopt(const Recovered& recovered, const core::Worker& worker,
                         const core::Life& life) {
  const auto record = recovered.processes.find(life.spawn);
  if (record == recovered.processes.end()) return {};
  core::SpecPtr group = recipes_.spec(worker.ref.group, life.generation);
  if (!group) group = core_.find(worker.ref.group)->spec;
  Status adopted =
      spawner_.adopt(record->second, life, std::move(group), std::move(held_[life.spawn]));
  held_.erase(life.spawn);
  held_spawns_.erase(life.spawn);
  return adopted;
}

// The core is told what happened while nobody looked.
void Supervisor::go_on() {
  std::vector<std::pair<core::SpawnId, std::optional<os::ProcessId>>> all;
  for (const std::string& name : core_.names()) {
    for (const core::Worker& worker : core_.find(name)->workers) {
      core::each_life(worker, [&](const core::Life& life) {
        all.emplace_back(life.spawn, spawner_.process_of(life.spawn));
      });
    }
  }
  for (const auto& [spawn, process] : all) {
    if (!process) {
      happen(core::MainExited{.spawn = spawn, .exit = {}});
      happen(core::TreeGone{.spawn = spawn});
      continue;
    }
    happen(core::ProcessMade{.spawn = spawn, .pid = process->pid});
    const auto exit = early_exits_.find(*process);
    spawner_.go_on(spawn, exit == early_exits_.end() ? std::nullopt : std::optional(exit->second));
  }
  early_exits_.clear();
}

}  // namespace superd::daemon
