#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace superd::keeper {

// An item's name as a service manager takes it for FDNAME: what LISTEN_FDNAMES cannot have in it
// (`:`, bytes beyond ASCII), `%` and blanks are written as %XX. Nothing: longer than the 255 bytes
// that it may have.
std::optional<std::string> to_fd_name(std::string_view item);
// Nothing: a name that to_fd_name() does not give.
std::optional<std::string> from_fd_name(std::string_view name);

}  // namespace superd::keeper
