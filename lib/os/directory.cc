#include "os/directory.h"

#include <cerrno>
#include <string_view>

#include <dirent.h>
#include <sys/stat.h>

namespace superd::os {
namespace {

FileType type_of(const std::string& directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return FileType::regular;
    case DT_DIR:
      return FileType::directory;
    case DT_LNK:
      return FileType::link;
    case DT_UNKNOWN:
      break;
    default:
      return FileType::other;
  }
  // Some file systems do not tell.
  struct stat status {};
  const std::string path = directory + "/" + static_cast<const char*>(entry.d_name);
  if (::lstat(path.c_str(), &status) != 0) return FileType::other;
  if (S_ISDIR(status.st_mode)) return FileType::directory;
  if (S_ISLNK(status.st_mode)) return FileType::link;
  return S_ISREG(status.st_mode) ? FileType::regular : FileType::other;
}

}  // namespace

Result<std::vector<DirectoryEntry>> list_directory(const std::string& path) {
  const Directory directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("open " + path, errno);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return fail_errno("read " + path, errno);
    if (entry == nullptr) return entries;
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name == "." || name == "..") continue;
    entries.push_back({.name = std::string(name), .type = type_of(path, *entry)});
  }
}

}  // namespace superd::os
