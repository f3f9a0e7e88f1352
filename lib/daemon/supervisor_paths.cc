#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/own_directory.h"
#include "daemon/supervisor_state.h"
#include "keeper/pid_file.h"
#include "os/credentials.h"
#include "os/listen_socket.h"
#include "os/runtime_dir.h"

// The sockets by which superd itself is reached, and its files: opened at the start, and put back
// where somebody has removed them.
namespace superd::daemon {
namespace {

// The keeper asks once a minute whether this process lives; superd is woken for nothing else.
constexpr std::chrono::seconds kBetweenLooks{50};
// How many requests a supervisor that is killed may have counted for nobody.
constexpr std::chrono::seconds kKeepRequests{1};

const char* what(Door door) { return door == Door::control ? "control socket" : "worker socket"; }

}  // namespace

Result<os::ListenRequest> Supervisor::request_of(Door door) const {
  os::ListenRequest request;
  request.family = os::SocketFamily::unix_path;
  request.backlog = 128;
  request.anchor_dir = anchor_dir(spec_.daemon.runtime_dir);
  if (door == Door::worker) {
    request.path = spec_.daemon.worker_socket.value_or("");
    request.mode = 0666;
    return request;
  }
  request.path = spec_.daemon.control;
  request.mode = spec_.daemon.control_mode;
  if (!spec_.daemon.control_owner) return request;
  const std::string& owner = *spec_.daemon.control_owner;
  const auto colon = owner.find(':');
  if (const std::string user = owner.substr(0, colon); !user.empty()) {
    const Result<os::User> found = os::find_user(user);
    if (!found) return tl::unexpected(found.error());
    request.owner_uid = found->uid;
  }
  if (colon != std::string::npos) {
    const Result<gid_t> gid = os::find_group(owner.substr(colon + 1));
    if (!gid) return tl::unexpected(gid.error());
    request.owner_gid = *gid;
  }
  return request;
}

// A socket that was held already is given up for the new one; who is connected stays so.
Status Supervisor::open_own_socket(Door door) {
  const Result<os::ListenRequest> request = request_of(door);
  if (!request) return tl::unexpected(request.error());
  Result<UniqueFd> opened = os::open_listen_socket(*request);
  if (!opened) return tl::unexpected(opened.error());
  if (Status put = keeper_.put(item_of(door), std::array{opened->get()}); !put) return put;
  sync_keeper();
  if (Status served = serve(door, opened->get()); !served) return served;
  control_fds_[item_of(door)] = std::move(*opened);
  return {};
}

Status Supervisor::serve(Door door, int listener) {
  std::unique_ptr<HttpServer>& mine = door == Door::control ? control_server_ : worker_server_;
  if (mine) return mine->listen_on(listener);
  const auto on_request = [this, door](const wire::Request& request, const os::Peer& peer,
                                       Responder responder) {
    tally_.note_request(door == Door::control ? "control" : "worker");
    if (!keep_requests_.armed()) keep_requests_.after(kKeepRequests);
    routes_.handle(door, request, peer, std::move(responder));
  };
  auto server = HttpServer::create(loop_, listener, {.name = item_of(door)}, on_request);
  if (!server) return tl::unexpected(server.error());
  mine = std::move(*server);
  return {};
}

Status Supervisor::open_servers() {
  for (const Door door : {Door::control, Door::worker}) {
    if (door == Door::worker && !spec_.daemon.worker_socket) continue;
    const auto held = control_fds_.find(item_of(door));
    Status open = held != control_fds_.end() && held->second ? serve(door, held->second.get())
                                                             : open_own_socket(door);
    if (!open) return open;
  }
  return {};
}

void Supervisor::look_after_own_socket(Door door) {
  const auto held = control_fds_.find(item_of(door));
  if (held == control_fds_.end() || !held->second) return;
  const Result<os::ListenRequest> request = request_of(door);
  if (!request) return log::warn("the {}: {}", what(door), request.error().message);
  const Result<os::Restored> restored = os::restore_listen_socket(held->second.get(), *request);
  if (restored) {
    if (restored->path) log::warn("put back the path of the {}, {}", what(door), request->path);
    return;
  }
  if (restored.error().code != ENOENT) return log::warn("{}", restored.error().message);
  if (const Status opened = open_own_socket(door); !opened) {
    return log::warn("the {} cannot be reached: {}", what(door), opened.error().message);
  }
  log::warn("the {} was gone: it is open anew at {}", what(door), request->path);
}

// Of a directory that was made again; in the one before the keeper has written it.
void Supervisor::look_after_pid_file() {
  const Result<UniqueFd> dir = os::open_runtime_dir(spec_.daemon.runtime_dir);
  if (!dir || keeper::read_pid_file(dir->get()) == keeper_pid_) return;
  if (const Status written = keeper::write_pid_file(dir->get(), keeper_pid_); !written) {
    log::warn("{}", written.error().message);
  }
}

void Supervisor::look_after_paths() {
  paths_looked_ = loop::now();
  if (finished_ || keeper_gone_ || !control_server_ || upgrade_.under_way()) return;
  if (const Status made = make_own_directory(notify_dir(spec_.daemon.runtime_dir)); !made) {
    log::warn("{}", made.error().message);
  }
  look_after_pid_file();
  look_after_own_socket(Door::control);
  look_after_own_socket(Door::worker);
  restore_sockets();
  journal_.look_after();
  event_history_.look_after();
}

void Supervisor::remove_pid_file() {
  const UniqueFd dir(::open(spec_.daemon.runtime_dir.c_str(), O_DIRECTORY | O_CLOEXEC));
  if (dir && keeper::read_pid_file(dir.get()) == keeper_pid_) keeper::remove_pid_file(dir.get());
}

void Supervisor::restore_sockets() {
  for (const core::GroupSpec& group : spec_.groups) {
    listeners_.restore(group);
    const core::Group* known = core_.find(group.name);
    if (known != nullptr && known->state == core::GroupState::stopped) {
      listeners_.group_stopped(group);
    }
  }
}

void Supervisor::look_after_paths_if_due() {
  if (loop::now() - paths_looked_ >= kBetweenLooks) look_after_paths();
}

void Supervisor::remove_own_sockets() {
  for (const Door door : {Door::control, Door::worker}) {
    if (door == Door::worker && !spec_.daemon.worker_socket) continue;
    const Result<os::ListenRequest> request = request_of(door);
    if (!request) continue;
    os::remove_listen_path(*request);
    ::unlink(request->path.c_str());
  }
}

}  // namespace superd::daemon
