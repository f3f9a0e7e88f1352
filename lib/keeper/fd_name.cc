#include "keeper/fd_name.h"

#include <charconv>
#include <cstddef>

#include <fmt/format.h>

namespace superd::keeper {
namespace {

constexpr std::size_t kMaxFdName = 255;

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != ':' && c != '%'; }

}  // namespace

std::optional<std::string> to_fd_name(std::string_view item) {
  std::string name;
  for (const char c : item) {
    if (is_plain(c)) {
      name += c;
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (name.empty() || name.size() > kMaxFdName) return std::nullopt;
  return name;
}

std::optional<std::string> from_fd_name(std::string_view name) {
  std::string item;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      item += name[i];
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = name.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || end != digits.data() + 2) return std::nullopt;
    item += static_cast<char>(byte);
    i += 2;
  }
  if (to_fd_name(item) != name) return std::nullopt;
  return item;
}

}  // namespace superd::keeper
