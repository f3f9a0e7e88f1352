#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::front {

enum class Side { parent, background };

struct Detached {
  Side side = Side::parent;
  // The two ends of one pipe: the background process gets the writing one, for one byte, the code
  // of the start; the parent reads it.
  UniqueFd ready;
  pid_t background = 0;  // parent only
  std::string log_file;
};

// Forks. The background process has a session of its own, / as directory, /dev/null as stdin and
// LOG_DIR/superd.log (made, with its directory, if missing; appended to) as stdout and stderr. What
// fails is found out before the fork.
Result<Detached> detach(const std::string& log_dir);

// For the parent: waits for the background process's word, says what came of it on stderr, and
// returns the exit status: 0 every autostart group is up, 1 some first start failed (superd goes
// on), or superd ended before.
int wait_for_start(const Detached& detached);

}  // namespace superd::front
