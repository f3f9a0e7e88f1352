#include "daemon/spawner.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/own_directory.h"
#include "daemon/shim.h"
#include "daemon/spawn_request.h"
#include "daemon/spawner_process.h"
#include "os/oom_kills.h"
#include "os/pidfd_info.h"
#include "os/pipe.h"

namespace superd::daemon {

std::string notify_item(core::SpawnId spawn, const core::WorkerRef& worker) {
  return fmt::format("notify/{}/{}", core::to_string(spawn), core::to_string(worker));
}

std::string private_item(core::SpawnId spawn, const core::WorkerRef& worker) {
  return fmt::format("private/{}/{}", core::to_string(spawn), core::to_string(worker));
}

std::string ready_item(core::SpawnId spawn, const core::WorkerRef& worker) {
  return fmt::format("ready/{}/{}", core::to_string(spawn), core::to_string(worker));
}

Spawner::Spawner(Parts parts, Surroundings surroundings, Tell tell)
    : parts_(parts), surroundings_(std::move(surroundings)), tell_(std::move(tell)) {}

Spawner::~Spawner() {
  // Descriptors are watched no longer than they live.
  for (const auto& [id, process] : processes_) parts_.readiness.forget(id);
}

Spawner::Process* Spawner::find(core::SpawnId id) const {
  const auto found = processes_.find(id);
  return found == processes_.end() ? nullptr : found->second.get();
}

std::string Spawner::log_path(const core::WorkerRef& worker) const {
  return fmt::format("{}/{}.log", surroundings_.log_dir, core::to_string(worker));
}

std::string Spawner::status_text(core::SpawnId spawn) const {
  const Process* process = find(spawn);
  if (process == nullptr) return "";
  const std::string unseen = parts_.readiness.reason(spawn);
  return unseen.empty() ? process->status : unseen;
}

void Spawner::spawn(const core::Spawn& what) {
  auto process = std::make_unique<Process>();
  process->id = what.spawn;
  process->worker = what.worker;
  process->group = parts_.recipes.spec(what.worker.group, what.generation);
  process->generation = what.generation;
  processes_[what.spawn] = std::move(process);
  parts_.recipes.with(
      what.worker.group, what.generation, what.worker.number,
      [this, id = what.spawn](const Result<Recipes::Shared>& made) { launch(id, made); });
}

void Spawner::launch(core::SpawnId id, const Result<Recipes::Shared>& recipe) {
  Process* process = find(id);
  if (process == nullptr || process->cancelled) return;
  if (!recipe) return never_ran(id, recipe.error());
  if (const Status started = start(*process, **recipe); !started) {
    never_ran(id, started.error());
  }
}

Status Spawner::start(Process& process, const Recipe& recipe) {
  if (Status opened = open_sockets(process, recipe); !opened) return opened;
  if (Status opened = open_notify_socket(process); !opened) return opened;
  const Result<UniqueFd> ready = open_ready_pipe(process, recipe);
  if (!ready) return tl::unexpected(ready.error());
  const SpawnSockets sockets =
      in_listen_order(*process.group, parts_.listeners.fds(*process.group), process.sockets);
  Result<os::SpawnRequest> request =
      make_spawn_request(recipe, {.worker = process.worker.number,
                                  .sockets = sockets.fds,
                                  .addresses = sockets.addresses,
                                  .ready_fd = ready->get(),
                                  .worker_socket = surroundings_.worker_socket,
                                  .notify_socket = process.notify_path,
                                  .inherited = surroundings_.environment,
                                  .nofile_soft = surroundings_.nofile_soft});
  if (!request) return tl::unexpected(request.error());
  if (recipe.socket_shim) {
    if (Status added = add_shim(*process.group, {}, request->env); !added) return added;
  }
  const Result<Output> output = open_output(process);
  if (!output) return tl::unexpected(output.error());
  const bool inherits = process.group->log.output == core::LogOutput::inherit;
  request->stdout_fd = inherits ? STDOUT_FILENO : output->out.get();
  request->stderr_fd = inherits ? STDERR_FILENO : output->err.get();
  const Result<UniqueFd> cgroup = parts_.tracker.prepare(process.id);
  if (!cgroup) return tl::unexpected(cgroup.error());
  request->cgroup_procs_fd = cgroup->get();
  Result<os::Spawned> spawned = os::spawn(*request);
  if (!spawned) return tl::unexpected(spawned.error());
  process.uid = request->identity ? request->identity->uid : geteuid();
  process.gid = request->identity ? request->identity->gid : getegid();
  process.oom_kills = os::oom_kills();
  process.main.emplace(std::move(*request), std::move(*spawned));
  if (process.main->id().start_time == 0) {
    log::error(
        "{}: the start time of process {} cannot be read, and no later supervisor could "
        "prove that it is the worker: killed",
        core::to_string(process.worker), process.main->id().pid);
    (void)process.main->signal(SIGKILL);
  }
  process.number = os::process_number(process.main->pidfd());
  note(process);
  parts_.journal.flush();
  parts_.tracker.started(process.id, process.main->id());
  log::debug("{}: process {} is spawn {}", core::to_string(process.worker), process.main->id().pid,
             core::to_string(process.id));
  tell_(core::ProcessMade{.spawn = process.id, .pid = process.main->id().pid});
  keep_watch(process);
  return {};
}

Status Spawner::open_sockets(Process& process, const Recipe& recipe) {
  if (Status opened = parts_.listeners.open(*process.group); !opened) return opened;
  PrivatePlace place{.dir = surroundings_.private_dir, .spawn = process.id};
  if (recipe.identity) {
    place.owner_uid = recipe.identity->uid;
    place.owner_gid = recipe.identity->gid;
  }
  Result<std::vector<PrivateSocket>> opened = open_private_sockets(*process.group, place);
  if (!opened) {
    remove_private_paths(place.dir, process.id);
    return tl::unexpected(opened.error());
  }
  process.sockets = std::move(*opened);
  if (process.sockets.empty()) return {};
  std::vector<int> fds;
  for (const PrivateSocket& socket : process.sockets) fds.push_back(socket.fd.get());
  return parts_.keeper.put(private_item(process.id, process.worker), fds);
}

Status Spawner::open_notify_socket(Process& process) {
  process.notify_path = fmt::format("{}/{}", surroundings_.notify_dir, core::to_string(process.id));
  Result<UniqueFd> socket = os::bind_notify_socket(process.notify_path);
  if (!socket && socket.error().code == ENOENT) {
    if (Status made = make_own_directory(surroundings_.notify_dir); !made) return made;
    socket = os::bind_notify_socket(process.notify_path);
  }
  if (!socket) return tl::unexpected(socket.error());
  process.notify = std::move(*socket);
  return parts_.keeper.put(notify_item(process.id, process.worker),
                           std::array{process.notify.get()});
}

Result<UniqueFd> Spawner::open_ready_pipe(Process& process, const Recipe& recipe) {
  if (!recipe.ready_fd) return UniqueFd();
  Result<os::Pipe> pipe = os::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  process.ready = std::move(pipe->read);
  // The end to read alone: with both the end of what the worker says would never be seen.
  const Status put =
      parts_.keeper.put(ready_item(process.id, process.worker), std::array{process.ready.get()});
  if (!put) return tl::unexpected(put.error());
  return std::move(pipe->write);
}

void Spawner::never_ran(core::SpawnId id, const Error& why) {
  Process* process = find(id);
  if (process == nullptr || process->main_gone) return;
  process->main_gone = true;
  tell_(core::MainExited{.spawn = id, .exit = before_exec(why)});
  tell_(core::TreeGone{.spawn = id});
}

void Spawner::signal_main(core::SpawnId spawn, int signal) {
  Process* process = find(spawn);
  if (process == nullptr || process->main_gone) return;
  if (!process->main) {
    process->cancelled = true;
    never_ran(spawn, {.message = "was stopped before it was executed"});
    return;
  }
  parts_.tracker.before_stop(spawn);
  if (const Status sent = process->main->signal(signal); !sent) {
    log::debug("{}: {}", core::to_string(process->worker), sent.error().message);
  }
}

void Spawner::signal_tree(core::SpawnId spawn, int signal) {
  if (find(spawn) != nullptr) parts_.tracker.signal(spawn, signal);
}

void Spawner::ask_main(core::SpawnId spawn, int signal) {
  const Process* process = find(spawn);
  if (process == nullptr || process->main_told) return;
  signal_main(spawn, signal);
  // Not where it had never run: then it is forgotten.
  Process* left = find(spawn);
  if (left == nullptr) return;
  left->main_told = true;
  note(*left);
}

void Spawner::ask_tree(core::SpawnId spawn, int signal) {
  Process* process = find(spawn);
  if (process == nullptr || process->tree_told) return;
  parts_.tracker.signal(spawn, signal);
  process->tree_told = true;
  note(*process);
}

void Spawner::kill_tree(core::SpawnId spawn) {
  Process* process = find(spawn);
  if (process == nullptr) return;
  if (!process->main) {
    signal_main(spawn, SIGKILL);
    return;
  }
  process->killed = true;
  log::info("{}: killing what is left of process {}", core::to_string(process->worker),
            process->main->id().pid);
  parts_.tracker.kill(spawn);
  // Also where it never came into its cgroup.
  (void)process->main->signal(SIGKILL);
}

void Spawner::forget(core::SpawnId spawn) {
  Process* process = find(spawn);
  if (process == nullptr) return;
  parts_.readiness.forget(spawn);
  end_output(*process);
  if (!process->notify_path.empty()) ::unlink(process->notify_path.c_str());
  if (process->notify) (void)parts_.keeper.drop(notify_item(spawn, process->worker));
  if (process->ready) (void)parts_.keeper.drop(ready_item(spawn, process->worker));
  if (!process->sockets.empty()) {
    (void)parts_.keeper.drop(private_item(spawn, process->worker));
    remove_private_paths(surroundings_.private_dir, spawn);
  }
  parts_.journal.forget(spawn);
  parts_.tracker.forget(spawn);
  parts_.listeners.restore(*process->group);
  processes_.erase(spawn);
}

}  // namespace superd::daemon
