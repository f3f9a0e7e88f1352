#pragma once

#include "config/field.h"
#include "config/texts.h"
#include "core/spec.h"

namespace superd::config {

// Whether [group.NAME.ready] in the group's table says when = "fd"; reports nothing.
bool is_ready_by_fd(const TableReader& group);

// Reads [group.NAME.ready]. Everything else that says what a worker gets is in `group` already.
void read_ready(TableReader table, const TextRules& rules, core::GroupSpec& group);

}  // namespace superd::config
