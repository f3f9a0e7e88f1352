#include "client/printable.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace superd::client {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
};

std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// The character at the front of text; nothing when its bytes are not valid UTF-8 (overlong forms
// and surrogates are not).
std::optional<CodePoint> decode(std::string_view text) {
  const std::uint32_t first = byte_at(text, 0);
  if (first < 0x80) return CodePoint{first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return std::nullopt;
  std::uint32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return std::nullopt;
    value = (value << 6) | (byte_at(text, i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return std::nullopt;
  return CodePoint{value, length};
}

bool is_control(std::uint32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// Separators, marks and overrides that move what follows elsewhere on the screen.
bool reorders(std::uint32_t c) {
  return c == 0x200E || c == 0x200F || c == 0x061C || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

enum class Tab { escape, keep };

std::string escape(std::string_view text, Tab tab) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = decode(text);
    const std::size_t length = c ? c->length : 1;
    if (!c) {
      out += fmt::format("\\x{:02x}", byte_at(text, 0));
    } else if (c->value == '\t' && tab == Tab::keep) {
      out += '\t';
    } else if (c->value < 0x80 && is_control(c->value)) {
      out += fmt::format("\\x{:02x}", c->value);
    } else if (is_control(c->value) || reorders(c->value)) {
      out += fmt::format("\\u{{{:04x}}}", c->value);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escape(text, Tab::escape); }

std::string printable_line(std::string_view text) { return escape(text, Tab::keep); }

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

}  // namespace superd::client
