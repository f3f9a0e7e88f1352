#pragma once

#include "config/field.h"
#include "config/texts.h"
#include "core/spec.h"

namespace superd::config {

// Reads [group.NAME.roll].
void read_roll(TableReader table, const TextRules& rules, core::RollSpec& roll);

}  // namespace superd::config
