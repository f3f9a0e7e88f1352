#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// The listening sockets that superd holds for its groups.
namespace superd::os {

enum class SocketFamily { tcp4, tcp6, unix_path };

struct ListenRequest {
  SocketFamily family = SocketFamily::tcp4;
  std::string host;        // tcp: literal address, no brackets; tcp6 may carry %SCOPE
  std::uint16_t port = 0;  // 0: the kernel chooses (local_address tells)
  std::string path;        // unix: absolute, at most 107 bytes
  int backlog = 4096;      // the kernel caps it at net.core.somaxconn
  // unix only; nothing: as the process's umask and identity make it.
  std::optional<mode_t> mode;
  std::optional<uid_t> owner_uid;
  std::optional<gid_t> owner_gid;
  // unix only: a directory of superd's own (made if missing, 0700) for a second name of the socket,
  // by which restore() brings back a removed path. Empty: no second name.
  std::string anchor_dir;
};

// `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/web.sock`.
std::string to_string(const ListenRequest& request);

// A blocking, close-on-exec, listening socket. Nobody can connect before its mode and owner are as
// asked. TCP: SO_REUSEADDR, never SO_REUSEPORT; tcp6: V6ONLY.
// unix: a socket file that nobody listens on is replaced; a live one, or a file that is no socket,
// is never touched. The error (EADDRINUSE, EACCES, EADDRNOTAVAIL …) names the address, who has it
// where that can be seen, and what to do.
Result<UniqueFd> open_listen_socket(const ListenRequest& request);

struct Restored {
  bool backlog = false;  // had been changed (seen for TCP only; unix is set right silently)
  bool path = false;     // had been removed or replaced
};
// Puts right what a runner did to the shared socket: a changed backlog, a unix path that is gone or
// that leads to another socket. Never touches O_NONBLOCK. Costs four system calls where nothing is
// wrong. The path comes back by the second name, made in anchor_dir or, where that is on another
// file system, hidden beside the path, and made again where it is gone and the path still leads to
// the socket; where there is neither (ENOENT), or the path is now something else than a socket, the
// error says so and the backlog is right nevertheless.
Result<Restored> restore_listen_socket(int fd, const ListenRequest& request);

// unix: owner and mode of the request, for a socket that is open. The path must lead to it, which
// its second name proves. TCP: nothing.
Status change_listen_path(const ListenRequest& request);

// unix: removes the path, if it still leads to this socket, and the second name. TCP: nothing.
void remove_listen_path(const ListenRequest& request);

// What the socket is bound to, in the form of to_string.
Result<std::string> local_address(int fd);

// Whether it listens.
bool is_listening(int fd);

// Whether a descriptor that came from elsewhere is a listening stream socket that is bound to
// `address` (in the form of to_string; a unix path also by another name that leads to the same
// file). The error says what it is instead.
Status check_listen_socket(int fd, const std::string& address);

}  // namespace superd::os
