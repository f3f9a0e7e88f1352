#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::front {

// Descriptors from `first` on do not get into programs executed later.
void close_on_exec_from(int first);

// This very program, whatever its path leads to by now. Close-on-exec, good for execution only.
Result<UniqueFd> open_own_program();

// The path under which this program was executed, absolute, symbolic links in it kept, so that it
// leads to a later version when they lead there; where that one is another file already, or cannot
// be known, the path of the program itself.
std::string own_program_path();

}  // namespace superd::front
