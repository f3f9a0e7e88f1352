#pragma once

#include <string>

#include <sys/socket.h>

#include "base/unique_fd.h"

namespace superd::scenario {

// A socket address, written as in a config: `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/web.sock`.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};
Address parse_address(const std::string& text);

// A stream socket of the address's family, not connected. `flags` as SOCK_NONBLOCK.
UniqueFd stream_socket(const Address& address, int flags = 0);
// Listens at the address, which nobody may have.
UniqueFd listen_on(const std::string& text);
// As connect(2).
int connect(const UniqueFd& fd, const Address& address);

}  // namespace superd::scenario
