#pragma once

#include "options.h"

namespace superd::front {

// What `superd` does before it becomes the keeper: find and check the config, make and lock the
// runtime directory, go into the background if asked to. Returns the exit status only where no
// keeper begins here: --check, an error, and the waiting parent of --detach.
int run_front(const Options& options);

}  // namespace superd::front
