#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "config/error.h"
#include "config/value.h"

// Typed reading of the value tree. Whatever is wrong is added to the Problems, and the reader goes
// on: a function that gives nothing has said why.
namespace superd::config {

struct IntRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

// One value and the key that holds it.
class Field {
 public:
  Field(const Value& value, std::string path, Problems& problems)
      : value_(&value), path_(std::move(path)), problems_(&problems) {}

  [[nodiscard]] const Value& value() const { return *value_; }
  [[nodiscard]] const core::Place& place() const { return value_->place; }
  [[nodiscard]] const std::string& path() const { return path_; }  // `group.web.workers`
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&value_->data);
  }

  [[nodiscard]] Problems& problems() const { return *problems_; }

  // `group.web.workers: MESSAGE`, at the value's place.
  void error(std::string_view message) const;
  // `… expected WANTED, found the string "4"`, with `: HINT` where there is one.
  void wrong(std::string_view wanted, std::string_view hint = {}) const;

  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::int64_t> integer(IntRange range) const;
  [[nodiscard]] std::optional<double> number() const;
  // Any text without a NUL byte.
  [[nodiscard]] std::optional<std::string> text() const;
  // The same, not empty; `wanted` for the message: `a path`.
  [[nodiscard]] std::optional<std::string> filled_text(std::string_view wanted) const;
  [[nodiscard]] std::optional<core::Duration> duration() const;
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  [[nodiscard]] std::optional<int> signal() const;
  // Octal digits in a string, at most 0777: "0660".
  [[nodiscard]] std::optional<mode_t> mode() const;
  // The elements; `example` shows how to write the array.
  [[nodiscard]] std::optional<std::vector<Field>> elements(std::string_view example) const;
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view example) const;

  template <class E, std::size_t N>
  [[nodiscard]] std::optional<E> choice(const Choice<E> (&choices)[N]) const {
    std::vector<std::string> names;
    for (const auto& choice : choices) names.emplace_back(choice.name);
    const auto index = pick(names);
    return index ? std::optional<E>(choices[*index].value) : std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> pick(const std::vector<std::string>& names) const;

  const Value* value_;
  std::string path_;
  Problems* problems_;
};

// Reads the keys of one table. Every key asked for is a known one; finish() reports the others.
class TableReader {
 public:
  // `table` must outlive the reader; `path` as in Field, empty for the whole document.
  TableReader(const Table& table, core::Place place, std::string path, Problems& problems);

  [[nodiscard]] const core::Place& place() const { return place_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Problems& problems() const { return *problems_; }

  [[nodiscard]] const Table& entries() const { return *table_; }
  // The field, or nothing where the table has no such key.
  std::optional<Field> field(std::string_view key);
  // For a table whose keys are names: each of its entries().
  [[nodiscard]] Field field(const Entry& entry) const;
  // The same for a table; nothing as well (and an error) where the value is none.
  std::optional<TableReader> table(std::string_view key);

  // Sets `to` where the key is given and right.
  void read(std::string_view key, bool& to);
  void read(std::string_view key, core::Duration& to);
  // Longer than nothing.
  void read_positive(std::string_view key, core::Duration& to);
  void read(std::string_view key, int& to, IntRange range);
  template <class E, std::size_t N>
  void read(std::string_view key, E& to, const Choice<E> (&choices)[N]) {
    const auto found = field(key);
    if (!found) return;
    if (const auto value = found->choice(choices)) to = *value;
  }

  [[nodiscard]] bool knows(std::string_view key) const;
  // Leaves a key to somebody else: neither unknown nor a suggestion for others.
  void skip(std::string_view key);

  void finish() const;

 private:
  [[nodiscard]] std::string path_of(std::string_view key) const;

  const Table* table_;
  core::Place place_;
  std::string path_;
  Problems* problems_;
  std::vector<std::string> known_;
  std::vector<std::string> skipped_;
};

// A table's reader for a value that should be one; nothing, and an error, where it is not.
std::optional<TableReader> as_table(const Field& field);

}  // namespace superd::config
