#include "daemon/listeners.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "os/credentials.h"

namespace superd::daemon {
namespace {

os::SocketFamily to_os(core::Family family) {
  switch (family) {
    case core::Family::tcp4:
      return os::SocketFamily::tcp4;
    case core::Family::tcp6:
      return os::SocketFamily::tcp6;
    case core::Family::unix_path:
      return os::SocketFamily::unix_path;
  }
  std::abort();
}

struct Owner {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
};

// `user`, `user:group` or `:group`; nothing given: the group's user, where superd may give files
// away.
Result<Owner> owner_of(const core::GroupSpec& group, const core::ListenSpec& socket) {
  Owner owner;
  if (!socket.owner && os::own_privilege() == os::Privileged::no) return owner;
  const std::string text = socket.owner.value_or(group.user.value_or(""));
  const auto colon = text.find(':');
  const std::string user = text.substr(0, colon);
  std::string group_name = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (!user.empty()) {
    const Result<os::User> found = os::find_user(user);
    if (!found) return tl::unexpected(found.error());
    owner.uid = found->uid;
    owner.gid = found->gid;
  }
  if (!socket.owner && group.group) group_name = *group.group;
  if (!group_name.empty()) {
    const Result<gid_t> gid = os::find_group(group_name);
    if (!gid) return tl::unexpected(gid.error());
    owner.gid = *gid;
  }
  return owner;
}

}  // namespace

Result<os::ListenRequest> Listeners::request_of(const core::GroupSpec& group,
                                                const core::ListenSpec& socket) const {
  os::ListenRequest request;
  request.family = to_os(socket.family);
  request.host = socket.host;
  request.port = socket.port;
  request.path = socket.path;
  request.backlog = socket.backlog;
  request.anchor_dir = anchor_dir_;
  if (socket.family != core::Family::unix_path) return request;
  request.mode = socket.mode;
  const Result<Owner> owner = owner_of(group, socket);
  if (!owner) return tl::unexpected(owner.error());
  request.owner_uid = owner->uid;
  request.owner_gid = owner->gid;
  return request;
}

void Listeners::adopt(const std::string& name, UniqueFd fd) {
  adopted_[name.substr(std::strlen(kPrefix))] = std::move(fd);
}

bool Listeners::adopted_for(const core::GroupSpec& group) const {
  return std::any_of(
      group.listen.begin(), group.listen.end(),
      [this](const core::ListenSpec& socket) { return adopted_.contains(socket.address); });
}

void Listeners::not_taken(const std::string& address, const std::string& why) {
  not_taken_[address] = why;
}

void Listeners::group_stopped(const core::GroupSpec& group) {
  for (const core::ListenSpec& socket : group.listen) {
    not_taken_.erase(socket.address);
    const auto found = sockets_.find(socket.address);
    if (found == sockets_.end() || !found->second.lost) continue;
    log::info("{}: {} is closed, and opened anew by the next start", group.name, socket.address);
    os::remove_listen_path(found->second.request);
    drop_(kPrefix + socket.address);
    sockets_.erase(found);
  }
}

std::optional<std::string> Listeners::trouble(const core::GroupSpec& group) const {
  for (const core::ListenSpec& socket : group.listen) {
    const auto elsewhere = not_taken_.find(socket.address);
    if (elsewhere != not_taken_.end()) return elsewhere->second;
    const auto open = sockets_.find(socket.address);
    if (open != sockets_.end() && !open->second.told.empty()) return open->second.told;
  }
  return std::nullopt;
}

Status Listeners::open(const core::GroupSpec& group) {
  std::optional<Error> first;
  for (const core::ListenSpec& socket : group.listen) {
    if (core::is_private(socket) || sockets_.contains(socket.address)) continue;
    Result<os::ListenRequest> request = request_of(group, socket);
    Result<UniqueFd> fd = tl::unexpected(Error{});
    const auto held = adopted_.find(socket.address);
    if (!request) {
      fd = tl::unexpected(request.error());
    } else if (held != adopted_.end()) {
      fd = std::move(held->second);
      adopted_.erase(held);
    } else {
      fd = os::open_listen_socket(*request);
      if (fd) keep_(kPrefix + socket.address, fd->get());
    }
    const auto elsewhere = not_taken_.find(socket.address);
    if (!fd) {
      if (first && first->code != kNotTaken) continue;
      first = fd.error();
      // Its time comes when they have ended.
      if (elsewhere != not_taken_.end())
        first = Error{.code = kNotTaken, .message = elsewhere->second};
      continue;
    }
    if (elsewhere != not_taken_.end()) not_taken_.erase(elsewhere);
    sockets_[socket.address] = Socket{.request = std::move(*request), .fd = std::move(*fd)};
  }
  if (first) return tl::unexpected(*first);
  return {};
}

std::vector<int> Listeners::fds(const core::GroupSpec& group) const {
  std::vector<int> result;
  for (const core::ListenSpec& socket : group.listen) {
    const auto found = sockets_.find(socket.address);
    if (found != sockets_.end()) result.push_back(found->second.fd.get());
  }
  return result;
}

int Listeners::fd(const std::string& address) const {
  const auto found = sockets_.find(address);
  return found == sockets_.end() ? -1 : found->second.fd.get();
}

void Listeners::restore(const core::GroupSpec& group) {
  for (const core::ListenSpec& socket : group.listen) {
    const auto found = sockets_.find(socket.address);
    if (found == sockets_.end()) continue;
    const Result<os::Restored> restored =
        os::restore_listen_socket(found->second.fd.get(), found->second.request);
    const std::string wrong = restored ? "" : restored.error().message;
    found->second.lost = !restored && restored.error().code == ENOENT;
    const bool is_new = std::exchange(found->second.told, wrong) != wrong;
    if (!restored) {
      if (is_new) log::warn("{}: {}", group.name, wrong);
      continue;
    }
    if (restored->path) log::info("{}: put back the path of {}", group.name, socket.address);
    if (restored->backlog) log::debug("{}: put back the backlog of {}", group.name, socket.address);
  }
}

void Listeners::update(const core::GroupSpec& group) {
  for (const core::ListenSpec& socket : group.listen) {
    const auto found = sockets_.find(socket.address);
    if (found == sockets_.end()) continue;
    Result<os::ListenRequest> request = request_of(group, socket);
    if (!request) continue;
    const os::ListenRequest before = std::exchange(found->second.request, std::move(*request));
    const os::ListenRequest& now = found->second.request;
    const auto access = [](const os::ListenRequest& of) {
      return std::tie(of.mode, of.owner_uid, of.owner_gid);
    };
    if (access(before) == access(now)) continue;
    const Status changed = os::change_listen_path(now);
    if (!changed) log::error("{}: {}", group.name, changed.error().message);
  }
  restore(group);
}

void Listeners::close_others(const std::set<std::string>& addresses) {
  std::erase_if(sockets_, [&](const auto& open) {
    if (addresses.contains(open.first)) return false;
    os::remove_listen_path(open.second.request);
    drop_(kPrefix + open.first);
    return true;
  });
  std::erase_if(adopted_, [&](const auto& held) {
    if (addresses.contains(held.first)) return false;
    log::info("{} was kept open, and no group has it: closed", held.first);
    drop_(kPrefix + held.first);
    return true;
  });
  std::erase_if(not_taken_, [&](const auto& one) { return !addresses.contains(one.first); });
}

void Listeners::close() {
  for (const auto& [address, socket] : sockets_) os::remove_listen_path(socket.request);
  sockets_.clear();
  adopted_.clear();
}

std::vector<std::pair<std::string, os::AcceptQueue>> accept_queues(const Listeners& listeners,
                                                                   const core::GroupSpec& group) {
  std::vector<std::pair<std::string, os::AcceptQueue>> queues;
  for (const core::ListenSpec& socket : group.listen) {
    const int fd = core::is_private(socket) ? -1 : listeners.fd(socket.address);
    if (fd < 0) continue;
    const Result<os::AcceptQueue> queue = os::accept_queue(fd);
    if (queue) queues.emplace_back(socket.address, *queue);
  }
  return queues;
}

}  // namespace superd::daemon
