// parse_notification: a pure function on hostile bytes.
#include <algorithm>

#include "base/number.h"
#include "os/notify_socket.h"

namespace superd::os {
namespace {

// The bytes of the character at the front; 0 where it is no valid UTF-8 (overlong, surrogate,
// beyond U+10FFFF, cut).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool beyond = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// C0, DEL, and C1 as UTF-8: what may steer a terminal.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::optional<std::string> clean_status(std::string_view text) {
  constexpr int kMostCharacters = 256;
  std::string clean;
  int characters = 0;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return std::nullopt;
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length);
    if (is_control(character) || characters == kMostCharacters) continue;
    clean += character;
    ++characters;
  }
  return clean;
}

void take(std::string_view name, std::string_view value, Notification& into) {
  if (name == "READY") into.ready = value == "1";
  if (name == "STOPPING") into.stopping = value == "1";
  if (name == "RELOADING") into.reloading = value == "1";
  if (name == "STATUS") {
    if (auto status = clean_status(value)) into.status = std::move(*status);
  }
  if (name == "EXTEND_TIMEOUT_USEC") {
    constexpr std::uint64_t kDay = 24ULL * 3600 * 1000 * 1000;
    if (const auto time = to_number<std::uint64_t>(value)) {
      into.extend_timeout = std::chrono::microseconds(std::min(*time, kDay));
    }
  }
  if (name == "MAINPID") {
    const auto pid = to_number<pid_t>(value);
    if (pid && *pid > 1) into.main_pid = *pid;
  }
}

}  // namespace

Notification parse_notification(std::string_view text) {
  Notification notification;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    take(line.substr(0, equals), line.substr(equals + 1), notification);
  }
  return notification;
}

}  // namespace superd::os
