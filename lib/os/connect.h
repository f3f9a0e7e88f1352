#pragma once

#include <sys/socket.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Connections that superd opens itself.
namespace superd::os {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// What a socket is bound to; listen_socket.h has it as a text.
Result<SocketAddress> bound_address(int fd);

// A stream connection on its way to that address, non-blocking and close-on-exec. It is there, or
// has failed (connect_result tells which), when it is writable. Fails at once where nothing is
// under way; the error is the plain reason: `Connection refused`, for a full queue of a unix socket
// `Resource temporarily unavailable` (EAGAIN).
Result<UniqueFd> begin_connect(const SocketAddress& address);
Status connect_result(int connection);

}  // namespace superd::os
