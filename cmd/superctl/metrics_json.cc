#include "metrics_json.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace superd::superctl {
namespace {

using nlohmann::ordered_json;

// Takes `"value"` with its escapes from the front; nothing: there is none.
std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (rest[i] == '\\' && ++i < rest.size()) {
      value += rest[i] == 'n' ? '\n' : rest[i];
    } else if (i < rest.size()) {
      value += rest[i];
    }
  }
  return std::nullopt;
}

std::optional<ordered_json> take_labels(std::string_view& rest) {
  ordered_json labels = ordered_json::object();
  if (!rest.starts_with('{')) return labels;
  do {
    rest.remove_prefix(1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    const auto value = take_quoted(rest);
    if (!value) return std::nullopt;
    labels[name] = *value;
  } while (rest.starts_with(','));
  if (!rest.starts_with('}')) return std::nullopt;
  rest.remove_prefix(1);
  return labels;
}

std::optional<ordered_json> sample(std::string_view line) {
  const std::size_t end = line.find_first_of("{ ");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  std::string_view rest = line.substr(end);
  const auto labels = take_labels(rest);
  if (!labels || !rest.starts_with(' ')) return std::nullopt;
  rest.remove_prefix(1);
  ordered_json read{{"name", line.substr(0, end)}, {"labels", *labels}};
  double number = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const bool is_number = error == std::errc() && stop == rest.data() + rest.size();
  if (is_number && std::isfinite(number)) {
    read["value"] = number;
  } else {
    read["value"] = rest;
  }
  return read;
}

}  // namespace

Result<ordered_json> metrics_json(std::string_view text) {
  ordered_json samples = ordered_json::array();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    const auto read = sample(line);
    if (!read) return fail(fmt::format("superd answered no metrics: {}", line));
    samples.push_back(*read);
  }
  return ordered_json{{"metrics", std::move(samples)}};
}

}  // namespace superd::superctl
