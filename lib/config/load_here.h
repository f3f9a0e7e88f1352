#pragma once

#include <string>

#include "config/load.h"

namespace superd::config {

// load() by this process's own defaults, and what the machine's files say of the result. For root a
// config file that everybody may write to is an error: root would run whatever anybody puts there.
// A program that is not there is warned of, for it may come before it is started, and so is a path
// that a link leads elsewhere than it seems.
Loaded load_here(const std::string& file);

}  // namespace superd::config
