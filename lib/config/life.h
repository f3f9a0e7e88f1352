#pragma once

#include "config/field.h"
#include "core/spec.h"

// The tables of a group that say how its workers live: [stop], [respawn], [log].
namespace superd::config {

void read_stop(TableReader table, core::StopSpec& stop);
void read_respawn(TableReader table, core::RespawnSpec& respawn);
void read_log(TableReader table, core::LogSpec& log);

}  // namespace superd::config
