#include "base/log.h"

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include <unistd.h>

namespace superd::log {
namespace {

Options& options() {
  static Options instance;
  return instance;
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
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace superd::log
