#include "config/value.h"

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {
namespace {

struct Describe {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("the number {}", value); }
  std::string operator()(double value) const { return fmt::format("the number {}", value); }
  std::string operator()(const std::string& value) const {
    return fmt::format("the string {}", quoted(value));
  }
  std::string operator()(const Array&) const { return "an array"; }
  std::string operator()(const Table&) const { return "a table"; }
  std::string operator()(const DateOrTime&) const { return "a date or time"; }
};

}  // namespace

std::string describe(const Value& value) { return std::visit(Describe{}, value.data); }

}  // namespace superd::config
