#pragma once

#include "role_options.h"

namespace superd::front {

// Is the keeper, the supervisor or the logger until it ends; returns the process's exit status.
int run_role(const RoleOptions& options);

}  // namespace superd::front
