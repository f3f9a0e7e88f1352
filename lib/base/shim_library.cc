#include "base/shim_library.h"

#include <cstdlib>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include "base/text.h"

namespace superd {
namespace {

constexpr std::string_view kName = "libsuperd_shim.so";

// The directory that this program was executed from; empty: not to be told.
std::string own_directory() {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return "";
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/'));
}

// Without `..` and links, where it is there.
std::string plain(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string result(real);
  std::free(real);
  return result;
}

}  // namespace

Result<std::string> find_shim_library() {
  const std::string own = own_directory();
  // Installed anywhere; in a build tree; where the build was told to install.
  const std::vector<std::string> places = {
      fmt::format("{}/{}/{}", own, SUPERD_SHIM_FROM_PROGRAMS, kName),
      fmt::format("{}/../../lib/shim/{}", own, kName),
      fmt::format("{}/{}", SUPERD_SHIM_DIRECTORY, kName),
  };
  for (const std::string& place : places) {
    std::string file = plain(place);
    if (file.empty()) continue;
    if (file.find_first_of(" \t:") == std::string::npos) return file;
    return fail(fmt::format(
        "{} cannot be preloaded: LD_PRELOAD takes no path with a blank or colon", quoted(file)));
  }
  return fail(fmt::format(
      "the library to preload, {}, is neither where it is installed with {}/superd nor at {}: "
      "install superd whole",
      kName, own, places.back()));
}

}  // namespace superd
