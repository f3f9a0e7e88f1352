#include "config/field.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"

namespace superd::config {
namespace {

std::string_view kind_hint(const Value& value, std::string_view hint) {
  return std::holds_alternative<std::string>(value.data) ? std::string_view() : hint;
}

// Whether TOML lets the key stand without quotes.
bool is_bare(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

void Field::error(std::string_view message) const {
  problems_->add(place(), fmt::format("{}: {}", path_, message));
}

void Field::wrong(std::string_view wanted, std::string_view hint) const {
  error(fmt::format("expected {}, found {}{}{}", wanted, describe(*value_),
                    hint.empty() ? "" : ": ", hint));
}

std::optional<bool> Field::boolean() const {
  if (const auto* value = as<bool>()) return *value;
  const auto* text = as<std::string>();
  const bool is_word = text != nullptr && (*text == "true" || *text == "false");
  wrong("true or false", is_word ? "write it without quotes" : "");
  return std::nullopt;
}

std::optional<std::int64_t> Field::integer(IntRange range) const {
  const auto* value = as<std::int64_t>();
  if (value != nullptr && *value >= range.min && *value <= range.max) return *value;
  const std::string wanted = fmt::format("a whole number from {} to {}", range.min, range.max);
  const auto* text = as<std::string>();
  const bool is_number = text != nullptr && !text->empty() &&
                         text->find_first_not_of("0123456789") == std::string::npos;
  wrong(wanted, is_number ? "write it without quotes" : "");
  return std::nullopt;
}

std::optional<double> Field::number() const {
  if (const auto* value = as<std::int64_t>()) return static_cast<double>(*value);
  const auto* value = as<double>();
  if (value != nullptr && std::isfinite(*value)) return *value;
  wrong("a number");
  return std::nullopt;
}

std::optional<std::string> Field::text() const {
  const auto* value = as<std::string>();
  if (value == nullptr) {
    const bool is_plain =
        as<bool>() != nullptr || as<std::int64_t>() != nullptr || as<double>() != nullptr;
    wrong("a string", is_plain ? "write it in quotes" : "");
    return std::nullopt;
  }
  if (value->find('\0') != std::string::npos) {
    error("the string contains a NUL character, which no text of the system can");
    return std::nullopt;
  }
  return *value;
}

std::optional<std::string> Field::filled_text(std::string_view wanted) const {
  auto value = text();
  if (value && value->empty()) {
    wrong(wanted);
    return std::nullopt;
  }
  return value;
}

std::optional<core::Duration> Field::duration() const {
  const auto* value = as<std::string>();
  if (value == nullptr) {
    const auto* number = as<std::int64_t>();
    wrong("a duration such as \"10s\"", number != nullptr && *number >= 0
                                            ? fmt::format("write \"{}s\" for seconds", *number)
                                            : "");
    return std::nullopt;
  }
  const auto parsed = parse_duration(*value);
  if (parsed) return *parsed;
  error(parsed.error().message);
  return std::nullopt;
}

std::optional<std::uint64_t> Field::size() const {
  if (const auto* value = as<std::int64_t>(); value != nullptr && *value >= 0) {
    return static_cast<std::uint64_t>(*value);
  }
  const auto* value = as<std::string>();
  if (value == nullptr) {
    wrong("a size such as \"50MiB\"");
    return std::nullopt;
  }
  const auto parsed = parse_size(*value);
  if (parsed) return *parsed;
  error(parsed.error().message);
  return std::nullopt;
}

std::optional<int> Field::signal() const {
  const auto* value = as<std::string>();
  if (value == nullptr) {
    wrong("a signal such as \"TERM\"");
    return std::nullopt;
  }
  const auto parsed = parse_signal(*value);
  if (parsed) return *parsed;
  error(parsed.error().message);
  return std::nullopt;
}

std::optional<mode_t> Field::mode() const {
  const auto* value = as<std::string>();
  const bool octal = value != nullptr && !value->empty() && value->size() <= 4 &&
                     value->find_first_not_of("01234567") == std::string::npos;
  const auto mode = octal ? static_cast<mode_t>(std::stoul(*value, nullptr, 8)) : 01000U;
  if (mode <= 0777) return mode;
  wrong("octal permissions in a string such as \"0660\"", kind_hint(*value_, "write it in quotes"));
  return std::nullopt;
}

std::optional<std::vector<Field>> Field::elements(std::string_view example) const {
  const auto* array = as<Array>();
  if (array == nullptr) {
    wrong("an array", fmt::format("write {}", example));
    return std::nullopt;
  }
  std::vector<Field> fields;
  for (const Value& element : *array) fields.emplace_back(element, path_, *problems_);
  return fields;
}

std::optional<std::vector<std::string>> Field::texts(std::string_view example) const {
  const auto fields = elements(example);
  if (!fields) return std::nullopt;
  std::vector<std::string> result;
  bool good = true;
  for (const Field& field : *fields) {
    auto text = field.text();
    good = good && text.has_value();
    if (text) result.push_back(std::move(*text));
  }
  return good ? std::optional(result) : std::nullopt;
}

std::optional<std::size_t> Field::pick(const std::vector<std::string>& names) const {
  std::string wanted;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) wanted += i + 1 == names.size() ? " or " : ", ";
    wanted += quoted(names[i]);
  }
  const auto* value = as<std::string>();
  if (value == nullptr) {
    wrong(wanted);
    return std::nullopt;
  }
  const auto found = std::find(names.begin(), names.end(), *value);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  error(
      fmt::format("expected {}, found {}{}", wanted, quoted(*value), did_you_mean(*value, names)));
  return std::nullopt;
}

TableReader::TableReader(const Table& table, core::Place place, std::string path,
                         Problems& problems)
    : table_(&table), place_(std::move(place)), path_(std::move(path)), problems_(&problems) {}

std::string TableReader::path_of(std::string_view key) const {
  const std::string name = is_bare(key) ? std::string(key) : quoted(key);
  return path_.empty() ? name : fmt::format("{}.{}", path_, name);
}

std::optional<Field> TableReader::field(std::string_view key) {
  known_.emplace_back(key);
  for (const Entry& entry : *table_) {
    if (entry.key == key) return field(entry);
  }
  return std::nullopt;
}

Field TableReader::field(const Entry& entry) const {
  return {entry.value, path_of(entry.key), *problems_};
}

std::optional<TableReader> TableReader::table(std::string_view key) {
  const auto found = field(key);
  return found ? as_table(*found) : std::nullopt;
}

void TableReader::read(std::string_view key, bool& to) {
  const auto found = field(key);
  if (!found) return;
  if (const auto value = found->boolean()) to = *value;
}

void TableReader::read(std::string_view key, core::Duration& to) {
  const auto found = field(key);
  if (!found) return;
  if (const auto value = found->duration()) to = *value;
}

void TableReader::read_positive(std::string_view key, core::Duration& to) {
  const auto found = field(key);
  if (!found) return;
  const auto value = found->duration();
  if (!value) return;
  to = *value;
  if (to <= core::Duration(0)) found->error("it must be longer than 0s");
}

void TableReader::read(std::string_view key, int& to, IntRange range) {
  const auto found = field(key);
  if (!found) return;
  if (const auto value = found->integer(range)) to = static_cast<int>(*value);
}

bool TableReader::knows(std::string_view key) const {
  return std::find(known_.begin(), known_.end(), key) != known_.end();
}

void TableReader::skip(std::string_view key) { skipped_.emplace_back(key); }

void TableReader::finish() const {
  for (const Entry& entry : *table_) {
    if (knows(entry.key)) continue;
    if (std::find(skipped_.begin(), skipped_.end(), entry.key) != skipped_.end()) continue;
    problems_->add(entry.place, fmt::format("unknown key {}{}{}", quoted(entry.key),
                                            path_.empty() ? "" : fmt::format(" in [{}]", path_),
                                            did_you_mean(entry.key, known_)));
  }
}

std::optional<TableReader> as_table(const Field& field) {
  if (const auto* table = field.as<Table>()) {
    return TableReader(*table, field.place(), field.path(), field.problems());
  }
  field.wrong("a table", fmt::format("write [{}]", field.path()));
  return std::nullopt;
}

}  // namespace superd::config
