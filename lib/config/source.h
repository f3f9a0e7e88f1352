#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "config/field.h"

namespace superd::config {

inline constexpr std::size_t kLargestFile = std::size_t{8} << 20;

struct Source {
  std::string text;
  dev_t device = 0;
  ino_t inode = 0;
};
// The whole of a regular file (or of a device such as /dev/null), never more than kLargestFile.
// Fails with the reason alone: `No such file or directory`.
Result<Source> read_source(const std::string& path);

// One file that `include` asks for, and the pattern that did.
struct IncludedFile {
  std::string path;  // relative as the main file was named
  Field by;
};
// Sorted by name within each pattern. A pattern (with `*`, `?` or `[`) without a match is fine.
// `file` is the including one.
std::vector<IncludedFile> find_included(const Field& include, const std::string& file);

}  // namespace superd::config
