#pragma once

#include <optional>
#include <string>

#include "config/context.h"
#include "config/field.h"

// Users and groups in a config: they must exist, and superd must be allowed to become or give them.
namespace superd::config {

// A user to run workers as. Nothing where that is superd's own user and superd has no right to
// switch: there is nothing to do then.
std::optional<std::string> read_user(const Field& field, const Context& context);
// The same for a worker's group.
std::optional<std::string> read_group(const Field& field, const Context& context);
// A supplementary group.
std::optional<std::string> read_extra_group(const Field& field, const Context& context);
// Owner of a socket file: `user` or `user:group`.
std::optional<std::string> read_owner(const Field& field, const Context& context);

}  // namespace superd::config
