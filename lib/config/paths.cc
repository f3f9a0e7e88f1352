#include "config/paths.h"

#include <filesystem>
#include <system_error>

namespace superd::config {

std::string join_path(const std::string& base, const std::string& path) {
  if (!path.empty() && path.front() == '/') return path;
  std::string rest = path;
  while (rest.compare(0, 2, "./") == 0) rest.erase(0, 2);
  if (rest.empty() || rest == ".") return base;
  return base.empty() || base.back() != '/' ? base + "/" + rest : base + rest;
}

std::string directory_of(const std::string& file) {
  const auto slash = file.rfind('/');
  if (slash == 0) return "/";
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  if (slash == std::string::npos) return here;
  return join_path(here, file.substr(0, slash));
}

}  // namespace superd::config
