#pragma once

#include <string>

#include "config/load.h"

namespace superd::config {

// load() by this process's own defaults, and what the machine's files say of the result. For root a
// config file that everybody may write to is an error: root would run whatever anybody puts there.
// A program that is not there is warned of: it may come before it is started.
Loaded load_here(const std::string& file);

}  // namespace superd::config
