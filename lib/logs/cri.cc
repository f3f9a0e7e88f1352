#include "logs/cri.h"

#include <algorithm>

namespace superd::logs {
namespace {

// Takes the text up to the next blank away from `rest`; nothing where there is none.
std::optional<std::string_view> take_word(std::string_view& rest) {
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(blank + 1);
  return word;
}

// `2026-11-23T01:02:03.004Z`, with any number of decimals and any zone.
bool looks_like_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size()) return false;
  return std::equal(kShape.begin(), kShape.end(), text.begin(), [](char shape, char is) {
    return shape == 'd' ? is >= '0' && is <= '9' : is == shape;
  });
}

}  // namespace

void append_cri(std::string& out, std::string_view time, Stream stream, Piece piece,
                std::string_view text) {
  out += time;
  out += stream == Stream::err ? " stderr " : " stdout ";
  out += piece == Piece::full ? "F " : "P ";
  out += text;
  out += '\n';
}

std::optional<CriLine> parse_cri(std::string_view line) {
  std::string_view rest = line;
  const auto time = take_word(rest);
  if (!time || !looks_like_time(*time)) return std::nullopt;
  const auto stream = take_word(rest);
  if (!stream || (*stream != "stdout" && *stream != "stderr")) return std::nullopt;
  const auto tag = take_word(rest);
  if (!tag || (*tag != "F" && *tag != "P")) return std::nullopt;
  return CriLine{.time = *time,
                 .stream = *stream == "stdout" ? Stream::out : Stream::err,
                 .piece = *tag == "F" ? Piece::full : Piece::partial,
                 .text = rest};
}

}  // namespace superd::logs
