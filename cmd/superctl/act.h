#pragma once

#include <string>
#include <vector>

#include "context.h"

namespace superd::superctl {

// A command that changes something, the same for every target.
struct Act {
  std::string action{};  // the last part of the path: `start`
  std::string body{};    // JSON
};

// Sends it to all that the names mean at once, waits with progress on a terminal until all are
// done (or, with --no-wait, have been taken up), and tells what came of each. ^C and --timeout end
// the waiting, not the work.
ExitCode act(Context& context, const std::vector<std::string>& names, const Act& what);

}  // namespace superd::superctl
