#pragma once

#include <cstddef>
#include <vector>

#include "logs/line.h"
#include "logs/packed_text.h"
#include "logs/protocol.h"

namespace superd::logs {

// A longer line is given without its end.
inline constexpr std::size_t kMaxLineText = std::size_t{64} * 1024;

// The last `count` lines of a worker's files, oldest first, the rotated ones included; pieces of a
// line are put together. At most `max_bytes` of the files are looked at. Files that
// are missing or cannot be read have no lines; the latter is told in superd's log.
// `only`: the lines of that stream; of a file that does not tell streams, all.
std::vector<Line> read_last_lines(const Source& source, Stream only, std::size_t count,
                                  std::size_t max_bytes, PackedTexts& texts);

}  // namespace superd::logs
