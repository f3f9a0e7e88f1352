#pragma once

#include <string>
#include <vector>

#include "os/process.h"

// Listening sockets out of a running process, for a superd that has lost its own descriptors.
namespace superd::os {

struct TakenSocket {
  std::string address;  // as local_address()
  UniqueFd fd;          // close-on-exec
};

// A duplicate of every listening stream socket that the process has open, each address once.
// `pidfd` is of that process. Error code EPERM: the kernel's rules for ptrace forbid it (another
// user's process, one that is not dumpable, Yama); ENOSYS: a kernel before 5.6.
Result<std::vector<TakenSocket>> take_listening_sockets(int pidfd, pid_t pid);

}  // namespace superd::os
