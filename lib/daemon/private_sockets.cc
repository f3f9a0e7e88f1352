#include "daemon/private_sockets.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "daemon/own_directory.h"
#include "os/listen_socket.h"

namespace superd::daemon {
namespace {

std::string path_of(const std::string& dir, core::SpawnId spawn, std::size_t index) {
  return fmt::format("{}/{}.{}", dir, core::to_string(spawn), index);
}

os::ListenRequest request_of(const core::ListenSpec& socket, const PrivatePlace& place,
                             std::size_t index) {
  os::ListenRequest request;
  request.backlog = socket.backlog;
  switch (socket.family) {
    case core::Family::tcp4:
      request.family = os::SocketFamily::tcp4;
      request.host = "127.0.0.1";
      return request;
    case core::Family::tcp6:
      request.family = os::SocketFamily::tcp6;
      request.host = "::1";
      return request;
    case core::Family::unix_path:
      request.family = os::SocketFamily::unix_path;
      request.path = path_of(place.dir, place.spawn, index);
      request.mode = 0600;
      request.owner_uid = place.owner_uid;
      request.owner_gid = place.owner_gid;
      return request;
  }
  std::abort();
}

Result<PrivateSocket> open_socket(const os::ListenRequest& request) {
  Result<UniqueFd> fd = os::open_listen_socket(request);
  if (!fd) return tl::unexpected(fd.error());
  if (request.family == os::SocketFamily::unix_path) {
    return PrivateSocket{.fd = std::move(*fd), .address = request.path};
  }
  Result<std::string> address = os::local_address(fd->get());
  if (!address) return tl::unexpected(address.error());
  return PrivateSocket{.fd = std::move(*fd), .address = std::move(*address)};
}

}  // namespace

Result<std::vector<PrivateSocket>> open_private_sockets(const core::GroupSpec& group,
                                                        const PrivatePlace& place) {
  std::vector<PrivateSocket> sockets;
  for (const core::ListenSpec& socket : group.listen) {
    if (!is_private(socket)) continue;
    if (socket.family == core::Family::unix_path) {
      if (Status made = make_own_directory(place.dir); !made) return tl::unexpected(made.error());
    }
    Result<PrivateSocket> opened = open_socket(request_of(socket, place, sockets.size()));
    if (!opened) {
      return fail(fmt::format("the private socket {}: {}", socket.name, opened.error().message),
                  opened.error().code);
    }
    sockets.push_back(std::move(*opened));
  }
  return sockets;
}

void remove_private_paths(const std::string& dir, core::SpawnId spawn) {
  // A runner may have removed one of them itself.
  for (std::size_t index = 0, missing = 0; missing < 2; ++index) {
    if (::unlink(path_of(dir, spawn, index).c_str()) != 0) ++missing;
  }
}

std::string private_dir(const std::string& runtime_dir) { return runtime_dir + "/private"; }

void clear_private_dir(const std::string& dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
}

SpawnSockets in_listen_order(const core::GroupSpec& group, const std::vector<int>& shared,
                             const std::vector<PrivateSocket>& own) {
  SpawnSockets sockets;
  auto next_shared = shared.begin();
  auto next_own = own.begin();
  for (const core::ListenSpec& socket : group.listen) {
    if (is_private(socket)) {
      if (next_own == own.end()) break;
      sockets.fds.push_back(next_own->fd.get());
      sockets.addresses.push_back(next_own->address);
      ++next_own;
    } else {
      if (next_shared == shared.end()) break;
      sockets.fds.push_back(*next_shared);
      sockets.addresses.push_back(core::address_text(socket));
      ++next_shared;
    }
  }
  return sockets;
}

}  // namespace superd::daemon
