#include "wire/log_place.h"

#include <limits>

#include <fmt/format.h>

#include "base/number.h"
#include "base/text.h"

namespace superd::wire {
namespace {

std::optional<LogPlace> parse_log_place(const std::string& text) {
  const std::vector<std::string> parts = split(text, '-');
  if (parts.size() == 2 && parts[0] == "e") {
    const auto id = to_number<std::uint64_t>(parts[1]);
    if (!id) return std::nullopt;
    return LogPlace{.offset = *id};
  }
  if (parts.size() != 3) return std::nullopt;
  const auto worker = to_number<int>(parts[0]);
  const auto file = to_number<std::uint64_t>(parts[1]);
  const auto offset = to_number<std::uint64_t>(parts[2]);
  if (!worker || *worker < 1 || !file || !offset) return std::nullopt;
  return LogPlace{.worker = *worker, .file = *file, .offset = *offset};
}

// ---- packed: for each place the worker and the offset, seven bits a byte, the last of a number
// without the eighth, and of a worker the eight bytes of the file; base64url (RFC 4648, 5) of all.

constexpr std::string_view kPacked = "p-";
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kFileBytes = 8;

void put_number(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>(0x80U | (number & 0x7fU));
  bytes += static_cast<char>(number);
}

std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = held << 8U | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += kDigits[held >> (bits - 6) & 0x3fU];
  }
  if (bits > 0) text += kDigits[held << (6 - bits) & 0x3fU];
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = held << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xffU);
  }
  return bytes;
}

std::optional<LogPlace> take_place(std::string_view& bytes) {
  const auto worker = take_number(bytes);
  const auto offset = worker ? take_number(bytes) : std::nullopt;
  if (!offset || *worker > std::numeric_limits<int>::max()) return std::nullopt;
  LogPlace place{.worker = static_cast<int>(*worker), .offset = *offset};
  if (place.worker == 0) return place;
  if (bytes.size() < kFileBytes) return std::nullopt;
  for (std::size_t i = 0; i < kFileBytes; ++i) {
    place.file |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  bytes.remove_prefix(kFileBytes);
  return place;
}

std::optional<std::vector<LogPlace>> parse_packed(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  std::vector<LogPlace> places;
  for (std::string_view rest = *bytes; !rest.empty();) {
    const auto place = take_place(rest);
    if (!place) return std::nullopt;
    places.push_back(*place);
  }
  if (places.empty()) return std::nullopt;
  return places;
}

}  // namespace

std::string to_packed_text(const std::vector<LogPlace>& places) {
  std::string bytes;
  for (const LogPlace& place : places) {
    put_number(bytes, static_cast<std::uint64_t>(place.worker));
    put_number(bytes, place.offset);
    if (place.worker == 0) continue;
    for (std::size_t i = 0; i < kFileBytes; ++i) {
      bytes += static_cast<char>(place.file >> (8 * i) & 0xffU);
    }
  }
  return std::string(kPacked) + to_base64(bytes);
}

std::string to_text(const LogPlace& place) {
  if (place.worker == 0) return fmt::format("e-{}", place.offset);
  return fmt::format("{}-{}-{}", place.worker, place.file, place.offset);
}

std::optional<std::vector<LogPlace>> parse_log_places(std::string_view text) {
  if (text.starts_with(kPacked)) return parse_packed(text.substr(kPacked.size()));
  std::vector<LogPlace> places;
  for (const std::string& one : split(text, ',')) {
    const auto place = parse_log_place(one);
    if (!place) return std::nullopt;
    places.push_back(*place);
  }
  return places;
}

}  // namespace superd::wire
