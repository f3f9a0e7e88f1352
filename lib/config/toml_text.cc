#include "config/toml_text.h"

// Debian's shared library lacks the variant without exceptions; the header has all of it.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace superd::config {
namespace {

// How many lines are blanked out in search of a text that can be read.
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

// Empties the given line (1-based) and keeps all others where they are; false where it was empty.
bool blank_line(std::string& text, int line) {
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) return false;
    begin = end + 1;
  }
  const auto length = std::min(text.find('\n', begin), text.size()) - begin;
  text.erase(begin, length);
  return length > 0;
}

ConfigError syntax_error(const toml::parse_error& error, const std::string& file) {
  return {.place = place_of(error.source(), file),
          .message = fmt::format("not valid TOML: {}", error.description())};
}

}  // namespace

ParsedToml parse_toml(std::string_view text, const std::string& file) {
  Value root{.place = {.file = file, .line = 1, .column = 1}, .data = Table{}};
  const toml::parse_result result = toml::parse(text, file);
  if (result) {
    root.data = convert_table(result.table(), file);
    return {.root = std::move(root), .error = {}};
  }
  // One slip must not hide every other error, nor the control socket from superctl.
  std::string repaired(text);
  int line = static_cast<int>(result.error().source().begin.line);
  for (int i = 0; i < kRepairs && blank_line(repaired, line); ++i) {
    const toml::parse_result again = toml::parse(repaired, file);
    if (again) {
      root.data = convert_table(again.table(), file);
      break;
    }
    line = static_cast<int>(again.error().source().begin.line);
  }
  return {.root = std::move(root), .error = syntax_error(result.error(), file)};
}

}  // namespace superd::config
