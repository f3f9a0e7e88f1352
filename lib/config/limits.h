#pragma once

#include "config/context.h"
#include "config/field.h"
#include "core/spec.h"

namespace superd::config {

// Reads [group.NAME.limits]. What superd has no right to set is an error here, not at the start.
void read_limits(TableReader table, const Context& context, core::LimitsSpec& limits);

}  // namespace superd::config
