#include "config/toml_text.h"

// Debian's shared library lacks the variant without exceptions; the header has all of it.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
// Version 3.3.0 asserts what a text such as `[[[` breaks, and then reports the error all the same.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace superd::config {
namespace {

// How many parts are taken out in search of a text that can be read.
constexpr int kRepairs = 20;

core::Place place_of(const toml::source_region& region, const std::string& file) {
  return {.file = file,
          .line = static_cast<int>(region.begin.line),
          .column = static_cast<int>(region.begin.column)};
}

Value convert(const toml::node& node, const std::string& file);

Table convert_table(const toml::table& table, const std::string& file) {
  Table entries;
  for (const auto& [key, node] : table) {
    Entry entry{.key = std::string(key.str()),
                .place = place_of(key.source(), file),
                .value = convert(node, file)};
    if (entry.value.place.line == 0) entry.value.place = entry.place;
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  return entries;
}

Array convert_array(const toml::array& array, const std::string& file) {
  Array values;
  for (const toml::node& node : array) values.push_back(convert(node, file));
  return values;
}

Value convert(const toml::node& node, const std::string& file) {
  Value value{.place = place_of(node.source(), file), .data = DateOrTime{}};
  if (const auto* table = node.as_table()) {
    value.data = convert_table(*table, file);
  } else if (const auto* array = node.as_array()) {
    value.data = convert_array(*array, file);
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.data = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  }
  return value;
}

// Where lines begin; one more at the end of the text.
std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(i + 1);
  }
  starts.push_back(text.size());
  return starts;
}

// A text whose lines can be taken out while all others keep their numbers.
class Repair {
 public:
  explicit Repair(std::string_view text) : text_(text), starts_(line_starts(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }

  void blank_line(std::size_t line) { blank(line, line + 1); }

  // From the header of the table that the line is in to the next one.
  void blank_section(std::size_t line) {
    std::size_t first = line;
    while (first > 1 && !is_header(first)) --first;
    std::size_t end = line + 1;
    while (end <= last_line() && !is_header(end)) ++end;
    blank(first, end);
  }

 private:
  [[nodiscard]] std::size_t last_line() const { return starts_.size() - 1; }

  // Only looks like one within a text or an array of many lines: good enough to go on after.
  [[nodiscard]] bool is_header(std::size_t line) const {
    if (line < 1 || line > last_line()) return false;
    const auto at = text_.find_first_not_of(" \t", starts_[line - 1]);
    return at != std::string::npos && at < starts_[line] && text_[at] == '[';
  }

  void blank(std::size_t first, std::size_t end) {
    for (std::size_t line = first; line >= 1 && line < end && line <= last_line(); ++line) {
      for (std::size_t i = starts_[line - 1]; i < starts_[line]; ++i) {
        if (text_[i] != '\n') text_[i] = ' ';
      }
    }
  }

  std::string text_;
  std::vector<std::size_t> starts_;
};

// What can be read of a text whose line `line` is no TOML: one slip must not hide every other
// error, nor the control socket from superctl.
Table read_around(std::string_view text, const std::string& file, std::size_t line) {
  Repair repair(text);
  repair.blank_line(line);
  for (int i = 0; i < kRepairs; ++i) {
    const toml::parse_result result = toml::parse(repair.text(), file);
    if (result) return convert_table(result.table(), file);
    if (i == 0) repair = Repair(text);
    repair.blank_section(i == 0 ? line : result.error().source().begin.line);
  }
  return {};
}

ConfigError syntax_error(const toml::parse_error& error, const std::string& file) {
  constexpr std::string_view kPrefix = "Error ";
  std::string_view description = error.description();
  if (description.substr(0, kPrefix.size()) == kPrefix) description.remove_prefix(kPrefix.size());
  const bool octal = description.find("leading zeroes") != std::string_view::npos;
  return {.place = place_of(error.source(), file),
          .message = fmt::format("not valid TOML: {}{}", description,
                                 octal ? "; permissions are strings: \"0660\"" : "")};
}

}  // namespace

ParsedToml parse_toml(std::string_view text, const std::string& file) {
  Value root{.place = {.file = file, .line = 1, .column = 1}, .data = Table{}};
  const toml::parse_result result = toml::parse(text, file);
  if (result) {
    root.data = convert_table(result.table(), file);
    return {.root = std::move(root), .error = {}};
  }
  root.data = read_around(text, file, result.error().source().begin.line);
  return {.root = std::move(root), .error = syntax_error(result.error(), file)};
}

}  // namespace superd::config
