#pragma once

#include "config/context.h"
#include "config/field.h"
#include "config/group.h"

// The keys of a group that say which runner it is and how it reloads.
namespace superd::config {

// Reads `runner`, recognises the program, and puts its preset into the group: after `command`,
// `listen` and `env`, before everything that may replace a part of it. Then `reload_signal`.
void read_runner(TableReader& table, const Context& context, PlacedGroup& group);

// When the group was read to its end: what is left to be decided, and the warnings with their
// places.
void finish_runner(const TableReader& table, PlacedGroup& group);

}  // namespace superd::config
