#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/spec.h"
#include "logs/cri.h"

// The formats whose files are made of lines with time and stream (cri, json); raw has none. Pure.
namespace superd::logs {

[[nodiscard]] bool is_made_of_lines(core::LogFormat format);

// Appends a whole line, its newline included; nothing in format raw.
void append_line(std::string& out, core::LogFormat format, std::string_view worker,
                 const CriLine& line);

// A line without its newline; nothing where it is not of this format. The views lie in `line` or in
// `storage`.
std::optional<CriLine> parse_line(std::string_view line, core::LogFormat format,
                                  std::string& storage);

}  // namespace superd::logs
