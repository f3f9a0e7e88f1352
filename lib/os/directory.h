#pragma once

#include <memory>
#include <string>
#include <vector>

#include <dirent.h>

#include "base/result.h"

namespace superd::os {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

enum class FileType { regular, directory, link, other };

struct DirectoryEntry {
  std::string name;
  FileType type = FileType::other;  // of the entry itself, not of what a link points to
};

// Without `.` and `..`, in no order. What was read before a failure is lost.
Result<std::vector<DirectoryEntry>> list_directory(const std::string& path);

}  // namespace superd::os
