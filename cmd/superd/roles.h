#pragma once

#include <string>

#include "role_options.h"

namespace superd::front {

// Is the keeper, the supervisor or the logger until it ends; returns the process's exit status.
// `title` is argv[0], which ps shows and which becomes the process's name as well.
int run_role(const RoleOptions& options, const std::string& title);

}  // namespace superd::front
