#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "base/result.h"

// Which connections were accepted from a listening socket: NETLINK_SOCK_DIAG of this network
// namespace, without any privilege.
namespace superd::os {

// A listening socket, as it is recognised in other processes.
struct Listener {
  int family = AF_UNSPEC;  // AF_INET, AF_INET6, AF_UNIX
  std::uint64_t inode = 0;
  std::uint64_t device = 0;     // as EpollEntry
  std::uint16_t port = 0;       // tcp
  std::vector<std::byte> host;  // tcp: in network order; all zero: every address
  std::string name;             // unix: as bound; abstract names begin with NUL
};
// ENOTSOCK, EBADF; EAFNOSUPPORT: neither tcp nor unix.
Result<Listener> listener_of(int fd);

// Inodes of the established connections, ascending. Those that wait in the accept queue have none
// yet and are not among them. ENOENT: this kernel has no such tables.
Result<std::vector<std::uint64_t>> accepted_from(const Listener& listener);

// How long ago connections were closed by this side, within the last minute: TCP keeps so long what
// it remembers of them (TIME_WAIT). Those that the client closed are not among them; of a unix
// socket there are none.
Result<std::vector<std::chrono::milliseconds>> closed_from(const Listener& listener);

// The part of accepted_from and closed_from without the kernel. `done`: the dump is complete;
// `code`: the errno that ended it.
struct DiagPart {
  std::vector<std::uint64_t> inodes;
  std::vector<std::chrono::milliseconds> closed_ago;
  bool done = false;
  int code = 0;
};
DiagPart parse_diag(std::span<const std::byte> packet, const Listener& listener);

}  // namespace superd::os
