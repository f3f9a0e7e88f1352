#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::keeper {

struct StartedChild {
  pid_t pid = -1;
  // The keeper's end of the pair; the child has the other one at kLinkFd.
  UniqueFd link;
};

// What a child whose keeper dies gets. `killed`: it is gone in that moment, even when it is stopped
// or in the middle of something. `told`: its end of the pair is closed.
enum class KeeperDies { told, killed };

// Executes the program behind `program_fd` in a child that has `fd` at kLinkFd, else as
// start_child() does.
Result<pid_t> run_program(int program_fd, const std::vector<std::string>& argv, int fd,
                          KeeperDies keeper_dies);

// Executes the program behind `program_fd` with `argv` (argv[0] is what ps shows): in a session of
// its own, so that a terminal's signals reach the keeper alone, with no signal blocked or ignored,
// and with no descriptors but 0-2 and kLinkFd (all others are close-on-exec in the keeper). What
// fails in the child ends it with status 126 and a line on stderr.
Result<StartedChild> start_child(int program_fd, const std::vector<std::string>& argv,
                                 KeeperDies keeper_dies);

}  // namespace superd::keeper
