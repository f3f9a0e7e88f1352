#pragma once

#include "config/field.h"
#include "config/texts.h"
#include "core/spec.h"

namespace superd::config {

// The key `match` of [group.NAME.ready], whose `when` was read before. Who writes it without `when`
// means "log".
void read_match(TableReader& ready, const TextRules& rules, core::ReadySpec& spec);

// Whether superd sees the lines that ready.when = "log" is about; `log` is [group.NAME.log], read
// before.
void check_output_is_seen(TableReader& log, const core::GroupSpec& group);

}  // namespace superd::config
