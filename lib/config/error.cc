#include "config/error.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {

std::string to_string(const core::Place& place) {
  if (place.line <= 0) return place.file;
  return fmt::format("{}:{}:{}", place.file, place.line, place.column);
}

std::string to_string(const ConfigError& error) {
  return fmt::format("{}: {}", to_string(error.place), error.message);
}

void Problems::add(core::Place place, std::string_view message) {
  // Keys and texts of the file stand in it.
  errors_.push_back({.place = std::move(place), .message = printable(message)});
}

std::vector<ConfigError> Problems::sorted(const std::vector<std::string>& files) const {
  const auto key = [&](const ConfigError& error) {
    const auto file = std::find(files.begin(), files.end(), error.place.file);
    return std::make_tuple(file - files.begin(), error.place.line, error.place.column);
  };
  std::vector<ConfigError> result = errors_;
  std::stable_sort(result.begin(), result.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) {
    return key(a) == key(b) && a.message == b.message;
  };
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  return result;
}

}  // namespace superd::config
