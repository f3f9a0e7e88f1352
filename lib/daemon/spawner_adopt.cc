#include <array>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shortage.h"
#include "daemon/spawner.h"
#include "daemon/spawner_process.h"
#include "os/oom_kills.h"
#include "os/pidfd_info.h"

namespace superd::daemon {
namespace {

// The other end of a pipe of which a handle for both directions is at hand.
Result<UniqueFd> read_end(int handle) {
  const std::string path = fmt::format("/proc/self/fd/{}", handle);
  UniqueFd end(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!end) return fail_errno("an output pipe", errno);
  return end;
}

// The same pipe out of the process itself; nothing: it has something else there by now.
std::optional<UniqueFd> handle_of(pid_t pid, int number) {
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, number);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return std::nullopt;
  UniqueFd handle(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!handle) return std::nullopt;
  return handle;
}

// Empty: it has ended, or the PID is another process's by now.
Result<UniqueFd> prove(const ProcessRecord& record) {
  Result<UniqueFd> pidfd = os::open_pidfd(record.main);
  if (!pidfd && is_shortage(pidfd.error().code)) return pidfd;
  if (!pidfd) return UniqueFd();
  const auto number = os::process_number(pidfd->get());
  if (record.number && number && *record.number != *number) return UniqueFd();
  return pidfd;
}

}  // namespace

void Spawner::note(const Process& process) {
  if (!process.main) return;
  parts_.journal.note({.spawn = process.id,
                       .worker = process.worker,
                       .generation = process.generation,
                       .main = process.main->id(),
                       .number = process.number,
                       .uid = process.uid,
                       .gid = process.gid,
                       .status = process.status,
                       .main_told = process.main_told,
                       .tree_told = process.tree_told});
}

Status Spawner::adopt(const ProcessRecord& record, const core::Life& life, core::SpecPtr group,
                      Held held) {
  Result<UniqueFd> pidfd = prove(record);
  if (!pidfd) return tl::unexpected(pidfd.error());
  auto process = std::make_unique<Process>();
  process->id = record.spawn;
  process->worker = record.worker;
  process->group = std::move(group);
  process->generation = record.generation;
  process->main_gone = life.main_gone;
  process->main_told = record.main_told;
  process->tree_told = record.tree_told;
  process->oom_kills = os::oom_kills();
  process->number = record.number;
  process->uid = record.uid;
  process->gid = record.gid;
  process->status = record.status;
  process->main.emplace(record.main, std::move(*pidfd));
  parts_.tracker.started(process->id, record.main);
  if (Status taken = take(*process, std::move(held)); !taken) {
    if (is_shortage(taken.error().code)) return taken;
    log::warn("{}: {}", core::to_string(process->worker), taken.error().message);
  }
  note(*process);
  processes_[record.spawn] = std::move(process);
  return {};
}

Status Spawner::take(Process& process, Held held) {
  process.notify_path = fmt::format("{}/{}", surroundings_.notify_dir, core::to_string(process.id));
  if (!held.notify.empty()) process.notify = std::move(held.notify.front());
  if (!held.ready.empty()) process.ready = std::move(held.ready.front());
  for (UniqueFd& fd : held.sockets) {
    process.sockets.push_back({.fd = std::move(fd), .address = {}});
  }
  if (Status taken = take_output(process, std::move(held.output), std::move(held.transit)); !taken)
    return taken;
  return process.notify ? Status() : bind_anew(process);
}

Status Spawner::take_output(Process& process, std::vector<UniqueFd> handles,
                            std::vector<UniqueFd> transit) {
  if (handles.empty() && process.group->log.output == core::LogOutput::file) {
    handles = output_of(process);
  }
  for (UniqueFd& handle : handles) {
    Result<UniqueFd> end = read_end(handle.get());
    if (!end && is_shortage(end.error().code)) return tl::unexpected(end.error());
    // The handle itself does: the logger opens it anew.
    process.output.push_back(std::move(end ? *end : handle));
  }
  if (process.output.empty()) return {};
  parts_.readiness.expect(process.id, *process.group);
  if (!transit.empty()) {
    process.transit = std::move(transit.front());
    return {};
  }
  // Started by a superd that knew none, or the keeper that had it is gone.
  return open_transit(process);
}

// A worker sends to a path: it need not know that the socket is another one.
Status Spawner::bind_anew(Process& process) {
  ::unlink(process.notify_path.c_str());
  Result<UniqueFd> socket = os::bind_notify_socket(process.notify_path);
  if (!socket) return tl::unexpected(socket.error());
  process.notify = std::move(*socket);
  return parts_.keeper.put(notify_item(process.id, process.worker),
                           std::array{process.notify.get()});
}

std::vector<UniqueFd> Spawner::output_of(const Process& process) {
  std::vector<UniqueFd> handles;
  std::vector<int> fds;
  const int last =
      process.group->log.format == core::LogFormat::raw ? STDOUT_FILENO : STDERR_FILENO;
  if (process.main->pidfd() < 0) return handles;
  for (int number = STDOUT_FILENO; number <= last; ++number) {
    std::optional<UniqueFd> handle = handle_of(process.main->id().pid, number);
    if (!handle) return {};
    fds.push_back(handle->get());
    handles.push_back(std::move(*handle));
  }
  (void)parts_.keeper.put(output_item(process.id, process.worker, process.group->log.overflow),
                          fds);
  return handles;
}

void Spawner::go_on(core::SpawnId spawn, const std::optional<os::Exit>& exit) {
  Process* process = find(spawn);
  if (process == nullptr) return;
  if (process->notify) on_notify_socket(spawn);
  if (process->main_gone) {
    return parts_.tracker.watch_end(spawn,
                                    [this, spawn] { tell_(core::TreeGone{.spawn = spawn}); });
  }
  if (exit) return on_exit(spawn, to_core(*exit));
  keep_watch(*process);
  // It was made and executed by the one before.
  if (process->main->pidfd() >= 0) tell_(core::ProgramExecuted{.spawn = spawn});
}

std::optional<os::ProcessId> Spawner::process_of(core::SpawnId spawn) const {
  const Process* process = find(spawn);
  if (process == nullptr || !process->main) return std::nullopt;
  return process->main->id();
}

void Spawner::reaped(const os::ProcessId& which, const os::Exit& exit) {
  for (const auto& [id, process] : processes_) {
    if (!process->main || process->main->id() != which) continue;
    return process->main->ended(exit);
  }
}

}  // namespace superd::daemon
