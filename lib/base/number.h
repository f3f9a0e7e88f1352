#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace superd {

// The text as a number, whole: no blanks, no sign but '-', nothing behind it.
template <class Number>
std::optional<Number> to_number(std::string_view text, int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class Number>
std::optional<Number> to_number_within(std::string_view text, Number least, Number most) {
  const auto number = to_number<Number>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

}  // namespace superd
