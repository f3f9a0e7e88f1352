#pragma once

#include <string>

#include "base/result.h"

namespace superd::daemon {

// Makes a directory right below the runtime directory (0711: processes of any user pass through to
// the socket whose name they were told, and nobody lists them), unless it is there. A runtime
// directory that is gone is made again as well, and the log says so.
Status make_own_directory(const std::string& dir);

}  // namespace superd::daemon
