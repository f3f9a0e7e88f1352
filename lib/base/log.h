#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

// superd's own log: one line a call to stderr, written whole by a single write(2).
//   text: `2026-11-23T01:02:03.004Z info  supervisor: web.1 is ready`
//   json: `{"time":"…","level":"info","process":"supervisor","message":"web.1 is ready"}`
// A line that cannot be written is lost; logging never fails and never waits for more than the
// write.
namespace superd::log {

enum class Level { error, warn, info, debug };
enum class Format { text, json };

struct Options {
  Level level = Level::info;
  Format format = Format::text;
  // Which of superd's processes speaks: `keeper`, `supervisor`, `logger`.
  std::string process = "superd";
};

// Set once at the start of a process; until then the defaults hold.
void configure(Options options);
// stderr is the file at this absolute path. Where others have moved or removed it, the next line
// makes it anew, and stdout and stderr of this process are the new one. A file that cannot be made
// is tried again with each line; until then lines go where they went before.
void keep_file(std::string path);
// The same without a line: lets go of a file that was moved away.
void look_at_file();
bool enabled(Level level);
void write(Level level, std::string_view message);

template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace superd::log
