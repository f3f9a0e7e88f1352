#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Small tools for text. Pure; they see bytes, never a locale.
namespace superd {

// The candidate that `word` is a near miss of (few edits, compared without regard to case), for
// `did you mean`; nothing where none is near. The first one wins a tie.
std::optional<std::string> closest_match(std::string_view word,
                                         std::span<const std::string> candidates);

// `, did you mean "workers"?`, or nothing: put it behind a message that ends with the wrong word.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// `a,b,,c` -> {"a", "b", "", "c"}; an empty text is one empty part.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
// Without blanks (space, tab, CR, LF) at both ends.
std::string_view trim(std::string_view text);

// Splits a command line as a POSIX shell would, with 'single' and "double" quotes and backslashes,
// and nothing else: no variables, no globs, no operators, no comments. `""` is an empty word. Fails
// for an unterminated quote and for a backslash at the end.
Result<std::vector<std::string>> split_words(std::string_view text);

// Whether the whole of `text` matches `pattern`, where `*` is any text, `?` one character, and
// everything else itself. Never slower than pattern times text.
bool glob_match(std::string_view pattern, std::string_view text);
// Whether a name was meant as a pattern: contains `*` or `?`.
bool is_glob(std::string_view text);

// `text` with control characters as `\n` or `\x1b`, so that nothing in it acts on a terminal.
std::string printable(std::string_view text);
// `text` in double quotes for a message: printable, quotes and backslashes escaped, cut
// with `…` after 100 bytes.
std::string quoted(std::string_view text);

}  // namespace superd
