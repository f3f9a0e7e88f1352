#pragma once

#include <string>
#include <vector>

#include "config/error.h"

namespace superd::config {

// For root only: an error for each config file that everybody may write to. Root would run
// whatever anybody puts there.
std::vector<ConfigError> writable_by_others(const std::vector<std::string>& files);

}  // namespace superd::config
