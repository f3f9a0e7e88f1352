#include "os/unix_path.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "os/name_hash.h"
#include "os/unix_address.h"
#include "os/unix_diag.h"

namespace superd::os {
namespace {

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  mode_t mode = 0;

  [[nodiscard]] bool is_socket() const { return S_ISSOCK(mode); }
  [[nodiscard]] bool is_same_as(const FileId& other) const {
    return device == other.device && inode == other.inode;
  }
};

std::optional<FileId> look_at(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
  return FileId{.device = found.st_dev, .inode = found.st_ino, .mode = found.st_mode};
}

// Both places an anchor may be in: superd's own directory, and, as hard links do not cross file
// systems, hidden beside the path.
std::array<std::string, 2> anchor_places(const ListenRequest& request) {
  const std::size_t slash = request.path.rfind('/');
  const std::string beside = request.path.substr(0, slash + 1);
  const std::string base = request.path.substr(slash + 1);
  return {fmt::format("{}/{}.sock", request.anchor_dir, name_hash(request.path)),
          fmt::format("{}.{}.superd", beside, base)};
}

struct Anchor {
  std::string path;
  FileId id;
};

std::optional<Anchor> find_anchor(const ListenRequest& request) {
  if (request.anchor_dir.empty()) return std::nullopt;
  for (const std::string& place : anchor_places(request)) {
    const std::optional<FileId> id = look_at(place);
    if (id && id->is_socket()) return Anchor{.path = place, .id = *id};
  }
  return std::nullopt;
}

enum class Listener { none, alive, unknown };

struct Probe {
  Listener listener = Listener::unknown;
  pid_t pid = 0;
  int code = 0;
};

Probe probe(const std::string& path) {
  const Result<UnixAddress> address = unix_address(path);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!address || !fd) return {.listener = Listener::unknown, .code = EMFILE};
  if (::connect(fd.get(), address->get(), address->size) != 0) {
    // EAGAIN: its queue is full. EPROTOTYPE: it is of another type; such a socket has an owner as
    // well, only a dead one refuses.
    const bool alive = errno == EAGAIN || errno == EPROTOTYPE;
    const bool dead = errno == ECONNREFUSED || errno == ENOENT;
    return {.listener = alive  ? Listener::alive
                        : dead ? Listener::none
                               : Listener::unknown,
            .code = errno};
  }
  ucred owner{};
  socklen_t size = sizeof owner;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &owner, &size);
  return {.listener = Listener::alive, .pid = owner.pid};
}

std::string own_descriptor(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

// `fd` is an O_PATH descriptor of what is proven to be the socket.
Status give_owner(int fd, const ListenRequest& request) {
  const bool with_owner = request.owner_uid || request.owner_gid;
  constexpr auto kUnchanged = static_cast<uid_t>(-1);
  if (with_owner && ::fchownat(fd, "", request.owner_uid.value_or(kUnchanged),
                               request.owner_gid.value_or(kUnchanged), AT_EMPTY_PATH) != 0) {
    return fail_errno(fmt::format("cannot give {} to its owner", request.path), errno);
  }
  if (request.mode && ::chmod(own_descriptor(fd).c_str(), *request.mode) != 0) {
    return fail_errno(fmt::format("cannot set the mode of {}", request.path), errno);
  }
  return {};
}

bool is_of(int fd, const FileId& file) {
  const std::optional<BoundFile> bound = bound_file(fd);
  return bound && bound->device == file.device &&
         bound->inode == static_cast<std::uint32_t>(file.inode);
}

// Of what was proved to be the socket; the path may lead to another one by now.
void make_proved_anchor(const ListenRequest& request, const FileId& socket) {
  make_anchor(request);
  const std::optional<Anchor> made = find_anchor(request);
  if (made && !made->id.is_same_as(socket)) ::unlink(made->path.c_str());
}

}  // namespace

Status clear_stale_socket(const std::string& path) {
  const std::optional<FileId> there = look_at(path);
  if (!there) return {};
  if (!there->is_socket()) {
    return fail(
        fmt::format("{} exists and is not a socket: remove it or choose another path", path),
        EEXIST);
  }
  const Probe found = probe(path);
  if (found.listener == Listener::alive) {
    const std::string who = found.pid > 0 ? fmt::format(" (PID {})", found.pid) : "";
    return fail(
        fmt::format("unix:{} is in use by a running server{}: stop it or choose another path", path,
                    who),
        EADDRINUSE);
  }
  if (found.listener == Listener::unknown) {
    return fail_errno(fmt::format("cannot tell whether somebody listens on {}", path), found.code);
  }
  // Only what was probed is removed, not what has come into its place since.
  const std::optional<FileId> still = look_at(path);
  if (!still || !still->is_same_as(*there)) return {};
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno(fmt::format("cannot remove the stale socket {}", path), errno);
  }
  return {};
}

// The directory may belong to the user whom the socket is for, who could exchange the path between
// bind and chown. So owner and mode are set on what is proven to be the new socket: it is ours, a
// socket, and has no other name.
Status set_path_owner(const ListenRequest& request) {
  const UniqueFd fd(::open(request.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat made {};
  if (!fd || ::fstat(fd.get(), &made) != 0) {
    return fail_errno(fmt::format("cannot open {}", request.path), errno);
  }
  if (!S_ISSOCK(made.st_mode) || made.st_uid != ::geteuid() || made.st_nlink != 1) {
    return fail(fmt::format("{} was exchanged while it was made", request.path), EPERM);
  }
  return give_owner(fd.get(), request);
}

Status change_path_owner(const ListenRequest& request) {
  const std::optional<Anchor> anchor = find_anchor(request);
  const UniqueFd fd(::open(request.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat there {};
  const bool ours = anchor && fd && ::fstat(fd.get(), &there) == 0 &&
                    anchor->id.is_same_as({.device = there.st_dev, .inode = there.st_ino});
  if (ours) return give_owner(fd.get(), request);
  return fail(
      fmt::format("cannot change the owner and mode of {}, which is not known to be superd's "
                  "socket: stop and start the group",
                  request.path),
      ENOENT);
}

void make_anchor(const ListenRequest& request) {
  if (request.anchor_dir.empty()) return;
  ::mkdir(request.anchor_dir.c_str(), 0700);
  const std::array<std::string, 2> places = anchor_places(request);
  // An earlier superd's would be taken for this socket's.
  for (const std::string& place : places) {
    const std::optional<FileId> old = look_at(place);
    if (old && old->is_socket()) ::unlink(place.c_str());
  }
  for (const std::string& place : places) {
    if (::link(request.path.c_str(), place.c_str()) == 0) return;
  }
}

Result<PathState> restore_path(int fd, const ListenRequest& request) {
  const std::optional<Anchor> anchor = find_anchor(request);
  const std::optional<FileId> there = look_at(request.path);
  if (!anchor && there && there->is_socket()) {
    if (is_of(fd, *there)) make_proved_anchor(request, *there);
    return PathState::as_it_was;
  }
  if (!anchor) {
    return fail(fmt::format("{} is gone and has no second name to bring it back by: stop and start "
                            "the group",
                            request.path),
                ENOENT);
  }
  if (there && there->is_same_as(anchor->id)) return PathState::as_it_was;
  if (there && !there->is_socket()) {
    return fail(fmt::format("{} is not a socket any more: remove it", request.path), EEXIST);
  }
  if (!there) {
    if (::link(anchor->path.c_str(), request.path.c_str()) == 0) return PathState::put_back;
    return fail_errno(fmt::format("cannot put back {}", request.path), errno);
  }
  // Never without a socket at the path: the new name takes the place of the other one.
  const std::string fresh = fmt::format("{}.superd-new", request.path);
  ::unlink(fresh.c_str());
  if (::link(anchor->path.c_str(), fresh.c_str()) != 0 ||
      ::rename(fresh.c_str(), request.path.c_str()) != 0) {
    return fail_errno(fmt::format("cannot put back {}", request.path), errno);
  }
  return PathState::put_back;
}

void remove_path(const ListenRequest& request) {
  const std::optional<Anchor> anchor = find_anchor(request);
  const std::optional<FileId> there = look_at(request.path);
  const bool ours =
      there && there->is_socket() &&
      (anchor ? there->is_same_as(anchor->id) : probe(request.path).listener == Listener::none);
  if (ours) ::unlink(request.path.c_str());
  if (anchor) ::unlink(anchor->path.c_str());
}

}  // namespace superd::os
