#pragma once

#include <cstddef>
#include <vector>

#include "logs/line.h"
#include "logs/packed_text.h"
#include "logs/protocol.h"

// Reading a worker's files onward, from place to place, over their rotation: for who follows the
// logs, and for what was written since a time.
namespace superd::logs {

// Where a reading of the source begins. Files that are missing: the place of file 0.
Place begin_of(const Source& source, Stream only, PackedTexts& texts);

// What one source has behind a place.
struct Run {
  std::vector<Line> lines = {};  // none with a note
  Place end = {};                // where to go on
  bool missed = false;           // the place was gone; these begin with the oldest file
  Place oldest = {};             // its begin, where the place was gone
  bool more = false;
};

// Whole lines from `place` on, as many as begin within about `max_bytes`; pieces of a line in
// format cri are put together. A line that is not whole stays for the next time, unless it fills
// kMostHeld bytes. Files that cannot be read have no lines.
Run read_on(const Source& source, Place place, Stream only, std::size_t max_bytes,
            PackedTexts& texts);
inline constexpr std::size_t kMostHeld = std::size_t{256} * 1024;

// The answer to one reading of several sources: merged by time, with the notes behind. Where one of
// them has more, lines of the others that are later than its last stay for the next time.
// `begins`, `runs`: one a source.
std::vector<Line> merged_runs(const std::vector<Source>& sources, const std::vector<Place>& begins,
                              std::vector<Run> runs);

}  // namespace superd::logs
