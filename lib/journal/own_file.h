#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

// Files that superd alone reads and writes: 0600, of its own user, never followed through a
// symlink. `what` stands before the path in messages: `journal`. Nothing is synced.
namespace superd::journal {

Status write_all(int fd, std::string_view bytes, std::string_view what, const std::string& path);
// The file's whole new content, written beside (`PATH.new`) and then renamed. It is open for
// appending; the old content stays where that fails.
Result<UniqueFd> replace_file(const std::string& path, std::string_view content,
                              std::string_view what);
// Whether the path leads to the open file; not where somebody has removed or replaced it.
bool leads_to(const std::string& path, int fd);
// Empty where there is no such file. One that is not ours (owner, mode, no regular file), or longer
// than `most`, is an error.
Result<std::string> read_own_file(const std::string& path, std::size_t most, std::string_view what);

}  // namespace superd::journal
