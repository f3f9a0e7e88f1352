#pragma once

#include "config/context.h"
#include "config/field.h"
#include "core/spec.h"

namespace superd::config {

// Reads `socket_shim` of a group of which all else that decides how it starts was read: it needs
// sockets, the library, and a program that the library can be preloaded into.
void read_socket_shim(TableReader& table, const Context& context, core::GroupSpec& group);

}  // namespace superd::config
