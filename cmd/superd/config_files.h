#pragma once

#include <vector>

#include "config/load.h"

namespace superd::front {

// For root only: an error for each config file that everybody may write to. Root would run
// whatever anybody puts there.
std::vector<config::ConfigError> writable_by_others(const std::vector<std::string>& files);

}  // namespace superd::front
