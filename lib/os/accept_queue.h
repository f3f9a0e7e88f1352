#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"

namespace superd::os {

// The connections of a listening socket that nobody has accepted yet.
struct AcceptQueue {
  std::uint32_t length = 0;
  std::uint32_t limit = 0;  // its backlog as the kernel took it; above it clients wait or fail

  friend bool operator==(const AcceptQueue&, const AcceptQueue&) = default;
};
// Of a tcp or unix socket that listens. ENOENT: the kernel's tables have no such unix socket (it is
// another network namespace's).
Result<AcceptQueue> accept_queue(int fd);

// The part for unix sockets without the kernel: what an answer of sock_diag says; nothing: it says
// nothing.
std::optional<AcceptQueue> parse_unix_queue(std::span<const std::byte> packet);

}  // namespace superd::os
