#pragma once

#include <cstddef>
#include <string>

// Paths as text. Nothing is resolved: `..` and links keep their meaning.
namespace superd::config {

// What sun_path holds besides its NUL.
inline constexpr std::size_t kLongestSocketPath = 107;

// `/dir` and `x/y` -> `/dir/x/y`; an absolute path stays as it is; `.` is the base itself.
std::string join_path(const std::string& base, const std::string& path);
// The directory that a file is in, absolute (relative paths: from the working directory).
std::string directory_of(const std::string& file);

}  // namespace superd::config
