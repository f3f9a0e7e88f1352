#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace superd::keeper {

// `superd.pid` in the runtime directory: tells people and messages which process the keeper is. It
// guards nothing (the lock on the directory does). Written whole or not at all.
Status write_pid_file(int runtime_dir_fd, pid_t pid);
void remove_pid_file(int runtime_dir_fd);
// 0 where there is none or it holds no PID.
pid_t read_pid_file(int runtime_dir_fd);

}  // namespace superd::keeper
