#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/spec.h"

// A TOML document as a plain tree in which everything knows its place in the file.
namespace superd::config {

struct Value;
struct Entry;
using Array = std::vector<Value>;
using Table = std::vector<Entry>;  // in the order of the file
struct DateOrTime {};              // superd has no key for one

struct Value {
  core::Place place;
  std::variant<bool, std::int64_t, double, std::string, Array, Table, DateOrTime> data;
};

struct Entry {
  std::string key;
  core::Place place;  // of the key
  Value value;
};

// For messages: `the string "4"`, `the number 5`, `true`, `an array`, `a table`, `a date or time`.
std::string describe(const Value& value);

}  // namespace superd::config
