#include "base/log.h"

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace superd::log {
namespace {

Options& options() {
  static Options instance;
  return instance;
}

std::string& file() {
  static std::string path;
  return path;
}

bool is_at(const std::string& path, int fd) {
  struct stat there {};
  struct stat open {};
  const bool known = ::lstat(path.c_str(), &there) == 0 && ::fstat(fd, &open) == 0;
  return known && there.st_ino == open.st_ino && there.st_dev == open.st_dev;
}

const char* name(Level level) {
  switch (level) {
    case Level::error:
      return "error";
    case Level::warn:
      return "warn";
    case Level::info:
      return "info";
    case Level::debug:
      return "debug";
  }
  std::abort();
}

std::string timestamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

// Control characters never reach a terminal or break a line: a worker's words may be in a message.
void append_escaped(std::string& out, std::string_view text, Format format) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (format == Format::json && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out +=
          format == Format::json ? fmt::format("\\u{:04x}", byte) : fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
}

}  // namespace

void configure(Options new_options) { options() = std::move(new_options); }

void keep_file(std::string path) { file() = std::move(path); }

// Threads that do so at once get the same file.
void look_at_file() {
  if (file().empty() || is_at(file(), STDERR_FILENO)) return;
  const UniqueFd made(::open(
      file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640));
  if (!made) return;
  ::dup2(made.get(), STDOUT_FILENO);
  ::dup2(made.get(), STDERR_FILENO);
}

bool enabled(Level level) { return level <= options().level; }

void write(Level level, std::string_view message) {
  if (!enabled(level)) return;
  const Options& now = options();
  std::string line;
  if (now.format == Format::json) {
    line = fmt::format(R"({{"time":"{}","level":"{}","process":"{}","message":")", timestamp(),
                       name(level), now.process);
    append_escaped(line, message, Format::json);
    line += "\"}\n";
  } else {
    line = fmt::format("{} {:<5} {}: ", timestamp(), name(level), now.process);
    append_escaped(line, message, Format::text);
    line += '\n';
  }
  look_at_file();
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace superd::log
