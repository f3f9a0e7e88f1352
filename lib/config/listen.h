#pragma once

#include <string>
#include <vector>

#include "config/context.h"
#include "config/field.h"
#include "core/spec.h"

namespace superd::config {

// A listening socket and where the config asks for it.
struct PlacedListen {
  core::ListenSpec listen;
  core::Place place;
};

// Reads `listen` of a group: strings or tables {address, name, backlog, mode, owner} or {name,
// private = true, backlog}. Relative unix paths are relative to `directory` (the group's, with
// placeholders, of which only {group} makes sense here). Sets the names of the unnamed, reports
// what collides within the group.
std::vector<PlacedListen> read_listen(const Field& field, const Context& context,
                                      const std::string& group, const std::string& directory);

}  // namespace superd::config
