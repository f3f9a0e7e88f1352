#pragma once

#include <string>

#include "config/context.h"
#include "config/field.h"
#include "config/locations.h"
#include "core/spec.h"

namespace superd::config {

// [superd] where the config says nothing.
core::DaemonSpec default_daemon(const Defaults& defaults);
// Reads [superd]; relative paths are relative to the file.
void read_daemon(TableReader table, const Context& context, core::DaemonSpec& daemon);

}  // namespace superd::config
