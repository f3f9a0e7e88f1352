#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

// One unix socket in NETLINK_SOCK_DIAG of this network namespace, without any privilege.
namespace superd::os {

// What the kernel tells of the socket; `show`: UDIAG_SHOW_… . ENOENT: this kernel has no such
// tables, or the socket is of another network namespace.
Result<std::vector<std::byte>> ask_unix_diag(int fd, std::uint32_t show);
// The value of an attribute (UNIX_DIAG_…) of what was told; nothing: it was not told.
std::optional<std::span<const std::byte>> unix_diag_value(std::span<const std::byte> packet,
                                                          unsigned short type);

// The file that bind() made for a socket, by which one at a path is proved to be this one's.
// Nothing: it has none, or the kernel does not tell.
struct BoundFile {
  dev_t device = 0;
  std::uint32_t inode = 0;  // the lower half of what stat(2) tells
};
std::optional<BoundFile> bound_file(int fd);

}  // namespace superd::os
