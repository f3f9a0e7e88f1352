#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Who runs on a runtime directory, told by its path instead of by the directory: one that was moved
// away or removed takes its lock with it (os/runtime_dir.h), and its superd lives on. The guard is
// an abstract socket that never listens: nothing of it can be deleted or connected to, and it ends
// with the process. Its name stands for user, path, root file system and PID namespace, so that
// containers that share a network do not meet; superds in two network namespaces do not either.
namespace superd::os {

// Takes the guard; close-on-exec. EADDRINUSE: somebody has the name already, whoever that is.
Result<UniqueFd> guard_runtime_dir(int directory_fd);

// The process named `holder` (as comm), of this user, that has the guard; 0: nobody. Another user
// who took the name counts for nothing. Looks at every process.
pid_t guard_of_runtime_dir(int directory_fd, const std::string& holder);

}  // namespace superd::os
