#include "config/source.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"
#include "config/paths.h"

namespace superd::config {
namespace {

constexpr std::string_view kMagic = "*?[";

// The part of the pattern that comes from the file's own path is meant literally.
std::string escape_glob(std::string_view path) {
  std::string result;
  for (const char c : path) {
    if (kMagic.find(c) != std::string_view::npos || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

// `conf/` of `conf/superd.toml`; empty for `superd.toml`.
std::string_view directory_part(std::string_view file) {
  const auto slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : file.substr(0, slash + 1);
}

class Glob {
 public:
  explicit Glob(const std::string& pattern) {
    // What is not there matches nothing; what must not be looked into may hide groups.
    const auto on_error = [](const char*, int error) { return error == ENOENT ? 0 : error; };
    status_ = ::glob(pattern.c_str(), 0, on_error, &result_);
  }
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;
  ~Glob() { ::globfree(&result_); }

  [[nodiscard]] bool failed() const { return status_ != 0 && status_ != GLOB_NOMATCH; }
  [[nodiscard]] std::vector<std::string> paths() const {
    if (status_ != 0) return {};
    return {result_.gl_pathv, result_.gl_pathv + result_.gl_pathc};
  }

 private:
  glob_t result_{};
  int status_ = 0;
};

Status check_kind(mode_t mode) {
  if (S_ISREG(mode) || S_ISCHR(mode)) return {};
  if (S_ISDIR(mode)) return fail("it is a directory", EISDIR);
  return fail("it is no regular file", EINVAL);
}

tl::unexpected<Error> errno_alone(int code) {
  return fail(std::generic_category().message(code), code);
}

}  // namespace

Result<Source> read_source(const std::string& path) {
  // O_NONBLOCK: the open of a pipe without a writer would never return.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return errno_alone(errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_alone(errno);
  if (const auto kind = check_kind(status.st_mode); !kind) {
    return tl::unexpected(kind.error());
  }
  Source source{.text = {}, .device = status.st_dev, .inode = status.st_ino};
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_alone(errno);
    if (count == 0) return source;
    source.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (source.text.size() > kLargestFile) {
      return fail("it is larger than 8MiB, which no config is", EFBIG);
    }
  }
}

std::vector<IncludedFile> find_included(const Field& include, const std::string& file) {
  std::vector<IncludedFile> result;
  const auto elements = include.elements(R"(["conf.d/*.toml"])");
  if (!elements) return result;
  const std::string_view directory = directory_part(file);
  for (const Field& element : *elements) {
    const auto pattern = element.filled_text("a path or a pattern");
    if (!pattern) continue;
    const bool absolute = pattern->front() == '/';
    if (pattern->find_first_of(kMagic) == std::string::npos) {
      result.push_back(
          {.path = absolute ? *pattern : std::string(directory) + *pattern, .by = element});
      continue;
    }
    const Glob glob(absolute ? *pattern : escape_glob(directory) + *pattern);
    if (glob.failed()) {
      element.error(
          fmt::format("cannot look for {}: a directory of it cannot be read", quoted(*pattern)));
    }
    for (auto& path : glob.paths()) result.push_back({.path = std::move(path), .by = element});
  }
  return result;
}

}  // namespace superd::config
