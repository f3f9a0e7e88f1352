#include "logs/json_line.h"

#include <cstddef>

#include "logs/protocol_json.h"

namespace superd::logs {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// How many bytes the character has that begins with this one, and the range of its second byte,
// which leaves out overlong forms, surrogates and what is beyond U+10FFFF. 0: none begins so.
struct Lead {
  std::size_t size = 0;
  unsigned char second_from = 0x80;
  unsigned char second_to = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {.size = 2};
  if (byte == 0xE0) return {.size = 3, .second_from = 0xA0};
  if (byte == 0xED) return {.size = 3, .second_to = 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {.size = 3};
  if (byte == 0xF0) return {.size = 4, .second_from = 0x90};
  if (byte >= 0xF1 && byte <= 0xF3) return {.size = 4};
  if (byte == 0xF4) return {.size = 4, .second_to = 0x8F};
  return {};
}

// The size of the character of several bytes at the front of the text; 0: there is none.
std::size_t character_size(std::string_view text) {
  const Lead lead = lead_of(byte_at(text, 0));
  if (lead.size == 0 || text.size() < lead.size) return 0;
  const unsigned char second = byte_at(text, 1);
  if (second < lead.second_from || second > lead.second_to) return 0;
  for (std::size_t i = 2; i < lead.size; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) return 0;
  }
  return lead.size;
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xFU];
  }
}

void append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t take = 0;
    while (take < text.size() && is_plain(byte_at(text, take))) ++take;
    out += text.substr(0, take);
    text.remove_prefix(take);
    if (text.empty()) return;
    if (byte_at(text, 0) < 0x80) {
      append_escaped(out, byte_at(text, 0));
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = character_size(text);
    out += size > 0 ? text.substr(0, size) : kReplacement;
    text.remove_prefix(size > 0 ? size : 1);
  }
}

}  // namespace

void append_json(std::string& out, std::string_view worker, std::string_view time, Stream stream,
                 Piece piece, std::string_view text) {
  out += R"({"time":")";
  out += time;
  if (!worker.empty()) {
    out += R"(","worker":")";
    append_text(out, worker);
  }
  out +=
      stream == Stream::err ? R"(","stream":"stderr","text":")" : R"(","stream":"stdout","text":")";
  append_text(out, text);
  out += piece == Piece::full ? "\"}\n" : "\",\"partial\":true}\n";
}

std::optional<CriLine> parse_json(std::string_view line, std::string& storage) {
  const std::optional<Json> json = parse_object(line);
  if (!json) return std::nullopt;
  Fields fields(*json);
  const std::string time = fields.text("time");
  const std::string stream = fields.text("stream");
  const std::string text = fields.text("text");
  const bool partial = fields.flag("partial");
  if (!fields.ok() || (stream != "stdout" && stream != "stderr")) return std::nullopt;
  storage = time + text;
  const std::string_view both = storage;
  return CriLine{.time = both.substr(0, time.size()),
                 .stream = stream == "stdout" ? Stream::out : Stream::err,
                 .piece = partial ? Piece::partial : Piece::full,
                 .text = both.substr(time.size())};
}

}  // namespace superd::logs
