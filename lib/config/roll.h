#pragma once

#include "config/field.h"
#include "config/texts.h"
#include "core/spec.h"

namespace superd::config {

// Reads [group.NAME.roll] of a group whose sockets were read.
void read_roll(TableReader table, const TextRules& rules, core::GroupSpec& group);

}  // namespace superd::config
