#pragma once

#include <string>
#include <vector>

#include "config/field.h"
#include "config/texts.h"
#include "core/spec.h"

namespace superd::config {

// The tables [[group.NAME.trigger]]. Of the group everything else is read already: a reload needs
// its reload_signal, and relative paths its directory.
std::vector<core::TriggerSpec> read_triggers(const Field& field, const TextRules& rules,
                                             const core::GroupSpec& group);

// `hold_file`, under the rules of a trigger's paths.
void read_hold_file(const Field& field, const TextRules& rules, core::GroupSpec& group);

}  // namespace superd::config
