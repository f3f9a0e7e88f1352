#pragma once

#include <cstdint>
#include <optional>

#include "os/process.h"

// What newer kernels tell by a pidfd, for any process, not only for children. Nothing where the
// kernel is older: 6.9 for the number, 6.15 for the exit (linux/pidfd.h; the headers of Debian 12
// lack both).
namespace superd::os {

// The number of the process in pidfs: never used again while the machine is up.
std::optional<std::uint64_t> process_number(int pidfd);

// How a process ended that its parent has reaped. Nothing as long as it runs or is a zombie, too.
std::optional<Exit> exit_of_reaped(int pidfd);

}  // namespace superd::os
