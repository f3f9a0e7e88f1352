#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "logs/line.h"

// The format `cri`, which log shippers read: `TIME stdout|stderr F|P TEXT`, one a line. Pure.
namespace superd::logs {

// Whether a piece of text ends its line (F) or the next piece of the same stream goes on (P).
enum class Piece : std::uint8_t { full, partial };

void append_cri(std::string& out, std::string_view time, Stream stream, Piece piece,
                std::string_view text);

// Views into the line that was parsed.
struct CriLine {
  std::string_view time;
  Stream stream = Stream::out;
  Piece piece = Piece::full;
  std::string_view text;
};

// A line without its newline; nothing where it is not of this format.
std::optional<CriLine> parse_cri(std::string_view line);

}  // namespace superd::logs
