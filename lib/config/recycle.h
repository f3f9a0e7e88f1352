#pragma once

#include "config/field.h"
#include "core/spec.h"

namespace superd::config {

// Reads [group.NAME.recycle].
void read_recycle(TableReader table, core::RecycleSpec& recycle);

}  // namespace superd::config
