#pragma once

#include <sys/resource.h>

#include "base/result.h"

namespace superd::os {

// Raises this process's soft RLIMIT_NOFILE to the hard one and returns the soft limit it had, for
// SpawnRequest::nofile_soft. Children started otherwise inherit the raised limit.
Result<rlim_t> raise_nofile_limit();

}  // namespace superd::os
