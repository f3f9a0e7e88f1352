#pragma once

#include <string>

#include "base/result.h"

namespace superd {

// The library that socket_shim preloads, as installed with this very program or built beside it.
// Fails with what was looked for and the remedy; also where the path is one that LD_PRELOAD cannot
// name (a blank or a colon in it).
Result<std::string> find_shim_library();

}  // namespace superd
