#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text that a worker or a file chose, on its way to a terminal.
namespace superd::client {

// Every control character (C0 with newline and tab, DEL, C1), every character that reorders text
// and every byte that is not UTF-8 becomes `\xNN` or `\u{NNNN}`; the rest is left as it is.
std::string printable(std::string_view text);

// As printable, but a tab stays: for a line of output on a terminal.
std::string printable_line(std::string_view text);

// The number of terminal columns of printable text, one a code point.
std::size_t columns(std::string_view text);

}  // namespace superd::client
