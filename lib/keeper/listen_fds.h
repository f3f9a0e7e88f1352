#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::keeper {

// How many descriptors, from 3 on, a service manager has given this very process (LISTEN_PID,
// LISTEN_FDS); 0: none, or what it says makes no sense. Error: one of them is not open. To be asked
// before anything else is opened: what is opened later may land on a number that was promised.
Result<int> count_listen_fds();

// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment.
void forget_listen_fds();

struct GivenFd {
  std::string name;  // as LISTEN_FDNAMES has it; empty: none
  UniqueFd fd;
};
// Takes them, close-on-exec from now on, and forgets them in the environment; none where one is not
// open, which the log says. To be called before anything else is opened or closed.
std::vector<GivenFd> take_listen_fds();

}  // namespace superd::keeper
