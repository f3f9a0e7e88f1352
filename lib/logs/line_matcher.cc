#include "logs/line_matcher.h"

#include <algorithm>

namespace superd::logs {

bool LineMatcher::feed(Stream stream, Piece piece, std::string_view text) {
  if (matched_) return false;
  Begun& begun = begun_.at(static_cast<std::size_t>(stream));
  const bool ends = piece == Piece::full;
  // Nearly every line comes in one piece and need not be copied.
  if (ends && begun.text.empty() && !begun.looked_at) return look(text);
  bool found = false;
  if (!begun.looked_at) {
    begun.text += text.substr(0, std::min(text.size(), kMaxBytes - begun.text.size()));
    begun.looked_at = ends || begun.text.size() == kMaxBytes;
    if (begun.looked_at) found = look(std::exchange(begun.text, {}));
  }
  if (ends) begun.looked_at = false;
  return found;
}

bool LineMatcher::look(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  matched_ = pattern_.found_in(line);
  return matched_;
}

}  // namespace superd::logs
