#include "config/writable.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace superd::config {

std::vector<ConfigError> writable_by_others(const std::vector<std::string>& files) {
  std::vector<ConfigError> errors;
  if (::geteuid() != 0) return errors;
  for (const std::string& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0) continue;
    errors.push_back(
        {.place = {.file = file},
         .message = fmt::format("everybody may write to this file (mode {:04o}), and root would "
                                "run what it says: chmod o-w {}",
                                status.st_mode & 07777U, file)});
  }
  return errors;
}

}  // namespace superd::config
