#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "logs/cri.h"

// The format `json`: one object a line, with the names that `superctl logs --json` uses:
//   {"time":"2026-…Z","worker":"web.1","stream":"stdout","text":"…"}
// A piece whose line goes on in the next piece of its stream has "partial":true as well. A byte
// that is no UTF-8 becomes U+FFFD. Pure.
namespace superd::logs {

// `worker` empty: the object has none. `time` needs no escapes.
void append_json(std::string& out, std::string_view worker, std::string_view time, Stream stream,
                 Piece piece, std::string_view text);

// A line without its newline; nothing where it is not of this format. The views lie in `storage`.
// Names that it does not know are skipped.
std::optional<CriLine> parse_json(std::string_view line, std::string& storage);

}  // namespace superd::logs
