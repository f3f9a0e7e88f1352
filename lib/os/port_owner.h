#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sys/types.h>

namespace superd::os {

// The inode of the listening sockets in the text of /proc/net/tcp (or tcp6) that stand in the way
// of the address: same port, and the same address or one of the two is the wildcard.
std::vector<std::string> listening_inodes(std::string_view net_table, const sockaddr* address);

// Whether a descriptor of the process is one of these, as links of /proc/PID/fd show them
// (`socket:[4711]`). False where that cannot be seen.
bool holds_one_of(pid_t pid, const std::vector<std::string>& links);

// `gunicorn (PID 4711)` for whoever listens there; empty where that cannot be seen (another user's
// process, another container). Looks at every process: for error messages only.
std::string port_owner(const sockaddr* address);

}  // namespace superd::os
