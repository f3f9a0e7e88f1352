#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace superd {

// A regular expression in the syntax of RE2: Perl's without what needs to go back (backreferences,
// looking around). To look for it takes time linear to the text, whatever pattern and text are.
// Both are UTF-8; a byte of the text that is none is matched by nothing.
class Pattern {
 public:
  static constexpr std::size_t kMaxLength = 4096;  // bytes

  // Fails in RE2's words: `missing ): (listening`.
  static Result<Pattern> compile(std::string_view text);

  // Whether it matches anywhere in the text.
  [[nodiscard]] bool found_in(std::string_view text) const;
  // As it was written.
  [[nodiscard]] const std::string& text() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace superd
