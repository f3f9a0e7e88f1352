#include "output.h"

#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/printable.h"

namespace superd::superctl {
namespace {

constexpr std::size_t kFlushAt = std::size_t{1} << 16;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool is_capable_terminal(int fd) { return ::isatty(fd) == 1 && environment("TERM") != "dumb"; }

client::LineStyle line_style_of_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = environment(name);
    if (locale.empty()) continue;
    for (const char* charset : {"UTF-8", "utf-8", "utf8", "UTF8"}) {
      if (locale.find(charset) != std::string_view::npos) return client::LineStyle::unicode;
    }
    return client::LineStyle::ascii;
  }
  return client::LineStyle::ascii;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

// As much as fits on one line of the terminal.
std::string cut_to_terminal(std::string line) {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  const std::size_t room = known ? size.ws_col - 1U : 79;
  while (client::columns(line) > room) line.pop_back();
  return line;
}

}  // namespace

Output::Output(Mode mode)
    : mode_(mode),
      to_terminal_(::isatty(STDOUT_FILENO) == 1),
      redraws_(mode == Mode::normal && is_capable_terminal(STDOUT_FILENO)),
      shows_progress_(mode == Mode::normal && is_capable_terminal(STDERR_FILENO)),
      colour_(is_capable_terminal(STDOUT_FILENO) && environment("NO_COLOR").empty()
                  ? client::Colour::on
                  : client::Colour::off),
      line_style_(line_style_of_locale()) {}

void Output::print(std::string_view text) {
  has_printed_ = true;
  if (mode_ == Mode::quiet || error_ != 0) return;
  unwritten_ += text;
  if (unwritten_.size() >= kFlushAt) static_cast<void>(flush());
}

void Output::print_line(std::string_view line) {
  print(line);
  print("\n");
}

Status Output::flush() {
  if (error_ == 0) error_ = write_all(STDOUT_FILENO, unwritten_);
  unwritten_.clear();
  if (error_ == 0 || error_ == EPIPE) return {};
  return fail_errno("cannot write the output", error_);
}

bool Output::reader_gone() const { return error_ == EPIPE; }

void Output::complain(std::string_view message) {
  tell(fmt::format("superctl: {}", client::printable(message)));
}

void Output::tell(std::string_view line) {
  progress("");
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("{}\n", line)));
}

void Output::progress(std::string_view line) {
  if (!shows_progress_) return;
  const std::string text = cut_to_terminal(std::string(line));
  if (text == shown_) return;
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("\r\x1b[K{}", text)));
  shown_ = text;
}

}  // namespace superd::superctl
