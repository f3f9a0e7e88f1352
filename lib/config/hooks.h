#pragma once

#include <vector>

#include "config/context.h"
#include "config/field.h"
#include "core/hook.h"

namespace superd::config {

// Reads every [[hook]] of a file; those that are right are added.
void read_hooks(const Field& field, const Context& context, std::vector<core::HookSpec>& hooks);

}  // namespace superd::config
