#pragma once

#include <cstddef>
#include <string>

#include <fcntl.h>

#include "base/result.h"

namespace superd::os {

// The whole of a small file (of /proc, of a cgroup), at most `limit` bytes of it; relative to
// `directory_fd`.
Result<std::string> read_file(const std::string& path, std::size_t limit = 1 << 20,
                              int directory_fd = AT_FDCWD);

// Writes the text by one write(2) into an existing file.
Status write_file(const std::string& path, const std::string& text, int directory_fd = AT_FDCWD);

}  // namespace superd::os
