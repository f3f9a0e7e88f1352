#include "journal/record.h"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>
#include <zlib.h>

namespace superd::journal {
namespace {

constexpr std::string_view kMagic = "superd-journal ";
constexpr std::size_t kCheckDigits = 8;

std::uint32_t check_of(std::string_view body) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
}

std::string line_of(std::string_view body) {
  return fmt::format("{:08x} {} {}\n", check_of(body), body.size(), body);
}

template <class Number>
std::optional<Number> parse(std::string_view digits, int base) {
  Number number{};
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number, base);
  if (error != std::errc() || rest != end || digits.empty()) return std::nullopt;
  return number;
}

// The body of a line that is whole; nothing: it is not.
std::optional<std::string_view> body_of(std::string_view line) {
  if (line.size() < kCheckDigits + 3 || line[kCheckDigits] != ' ') return std::nullopt;
  const auto check = parse<std::uint32_t>(line.substr(0, kCheckDigits), 16);
  line.remove_prefix(kCheckDigits + 1);
  const std::size_t space = line.find(' ');
  if (!check || space == std::string_view::npos) return std::nullopt;
  const auto length = parse<std::size_t>(line.substr(0, space), 10);
  const std::string_view body = line.substr(space + 1);
  if (!length || *length != body.size() || check_of(body) != *check) return std::nullopt;
  return body;
}

bool apply(std::string_view body, std::map<std::string, std::string>& values) {
  if (body.size() < 2) return false;
  const char kind = body.front();
  body.remove_prefix(1);
  if (kind == '-') {
    if (const auto found = values.find(std::string(body)); found != values.end()) {
      values.erase(found);
    }
    return true;
  }
  const std::size_t space = body.find(' ');
  if (kind != '+' || space == std::string_view::npos || space == 0) return false;
  values[std::string(body.substr(0, space))] = body.substr(space + 1);
  return true;
}

}  // namespace

std::string encode(const Head& head) {
  return fmt::format("{}{} {}\n", kMagic, head.format, head.boot_id);
}

std::optional<Head> decode_head(std::string_view line) {
  if (!line.starts_with(kMagic)) return std::nullopt;
  line.remove_prefix(kMagic.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto format = parse<int>(line.substr(0, space), 10);
  if (!format) return std::nullopt;
  return Head{.format = *format, .boot_id = std::string(line.substr(space + 1))};
}

std::string encode_put(std::string_view key, std::string_view value) {
  return line_of(fmt::format("+{} {}", key, value));
}

std::string encode_drop(std::string_view key) { return line_of(fmt::format("-{}", key)); }

Content decode(std::string_view bytes) {
  Content content;
  content.bytes = bytes.size();
  bool first = true;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool torn = end == std::string_view::npos;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(torn ? bytes.size() : end + 1);
    if (first) {
      first = false;
      if (!torn) content.head = decode_head(line);
      if (!content.head || content.head->format != kFormat) return content;
      continue;
    }
    const auto body = torn ? std::nullopt : body_of(line);
    if (body && apply(*body, content.values)) continue;
    ++content.bad_lines;
    content.bad_bytes += line.size();
  }
  return content;
}

}  // namespace superd::journal
