#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/pattern.h"
#include "logs/cri.h"
#include "logs/line.h"

namespace superd::logs {

// Looks in the lines of one spawn's output for the first that a pattern is found in: in the whole
// line without its newline and without a carriage return before that, or in the first kMaxBytes of
// a longer one. Each stream has its own lines. Pure.
class LineMatcher {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;

  explicit LineMatcher(Pattern pattern) : pattern_(std::move(pattern)) {}

  // A piece of a line as the assembler gives it. True once: with this piece the line is found.
  bool feed(Stream stream, Piece piece, std::string_view text);

  [[nodiscard]] bool matched() const { return matched_; }
  [[nodiscard]] const std::string& text() const { return pattern_.text(); }

 private:
  struct Begun {
    std::string text;
    bool looked_at = false;  // the rest of the line does not count
  };
  bool look(std::string_view line);

  Pattern pattern_;
  bool matched_ = false;
  std::array<Begun, 3> begun_;
};

}  // namespace superd::logs
