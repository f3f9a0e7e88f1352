#pragma once

#include <sys/types.h>

namespace superd::daemon {

// KILL to all that a hook's program, which leads its session, has below it and in its session; not
// to the program itself.
void kill_below_hook(pid_t leader);

}  // namespace superd::daemon
