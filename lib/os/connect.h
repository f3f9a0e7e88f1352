#pragma once

#include <string>

#include <sys/socket.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Connections that superd opens itself.
namespace superd::os {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// What a socket is bound to.
Result<SocketAddress> bound_address(int fd);
// `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/web.sock`.
std::string to_string(const SocketAddress& address);

// A stream connection on its way to that address, non-blocking and close-on-exec. It is there, or
// has failed (connect_result tells which), when it is writable. Fails at once with the plain reason
// where nothing is under way: ECONNREFUSED; EAGAIN: the queue of a unix socket is full.
Result<UniqueFd> begin_connect(const SocketAddress& address);
Status connect_result(int connection);

}  // namespace superd::os
