#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::os {

// Makes the runtime directory if it is missing (with its parents; 0755 for root, 0700 for others)
// and opens it, close-on-exec. Refused, with the remedy in the error: a symbolic link, a directory
// of another user or writable by others, one open to others where its parent is writable by
// everybody (/tmp; not for root), a parent that others could exchange it in.
Result<UniqueFd> open_runtime_dir(const std::string& path);

// Takes the lock that makes this superd the only one of the directory. It belongs to the open
// descriptor and whoever inherits it, not to a file that could be deleted. EWOULDBLOCK: another
// superd has it.
Status lock_runtime_dir(int directory_fd, const std::string& path);

}  // namespace superd::os
