#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::front {

// Puts /dev/null where descriptors 0, 1 or 2 are closed, so that no file opened later lands there
// and gets superd's log.
void open_standard_descriptors();

// Descriptors from `first` on do not get into programs executed later.
void close_on_exec_from(int first);

// This very program, whatever its path leads to by now. Close-on-exec, good for execution only.
Result<UniqueFd> open_own_program();

}  // namespace superd::front
