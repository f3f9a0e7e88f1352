#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace superd::daemon {

// Of the bytes of a regular file; not for keeping attackers out. Never waits for anything but the
// file system: what is no regular file by now fails with EINVAL.
Result<std::uint64_t> digest_of(const std::string& path);

}  // namespace superd::daemon
