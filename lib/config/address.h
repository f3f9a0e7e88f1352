#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/spec.h"

namespace superd::config {

// Fills in address, family, host, port and path of a listening address:
//   `127.0.0.1:8000`, `[::1]:8000` (IPv6 alone), `unix:/run/web.sock`, `unix:web.sock`;
//   `localhost:8000` is 127.0.0.1; `:8000`, `*:8000` and `0.0.0.0:8000` are every IPv4 address,
//   `[::]:8000` every IPv6 address, and both are two entries.
// Names of hosts are refused: what they mean changes. The path of a unix socket is as written.
// Fails with the remedy.
Result<core::ListenSpec> parse_address(std::string_view text);

// Whether both cannot be bound at once: the same, or one is every address of the other's port.
bool collide(const core::ListenSpec& a, const core::ListenSpec& b);

}  // namespace superd::config
