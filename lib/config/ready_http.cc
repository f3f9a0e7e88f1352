#include "config/ready_http.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {
namespace {

using core::StatusRange;

constexpr StatusRange kSuccess{.from = 200, .to = 399};
// An answer with 1xx is none yet.
constexpr IntRange kStatuses{.min = 200, .max = 599};
constexpr std::size_t kLongestPath = 1000;
constexpr std::string_view kPaths = "a path such as \"/healthz\"";

std::optional<int> parse_status(std::string_view text) {
  text = trim(text);
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (status < kStatuses.min || status > kStatuses.max) return std::nullopt;
  return status;
}

// `200`, `200-399`.
std::optional<StatusRange> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto from = parse_status(text.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : parse_status(text.substr(dash + 1));
  if (!from || !to || *from > *to) return std::nullopt;
  return StatusRange{.from = *from, .to = *to};
}

// `200-299,401`.
std::optional<std::vector<StatusRange>> parse_ranges(std::string_view text) {
  std::vector<StatusRange> ranges;
  for (const std::string& part : split(text, ',')) {
    const auto range = parse_range(part);
    if (!range) return std::nullopt;
    ranges.push_back(*range);
  }
  return ranges;
}

void read_statuses(const Field& field, std::vector<StatusRange>& statuses) {
  if (field.as<std::int64_t>() != nullptr) {
    const auto status = field.integer(kStatuses);
    if (!status) return;
    statuses = {StatusRange{.from = static_cast<int>(*status), .to = static_cast<int>(*status)}};
    return;
  }
  const auto* text = field.as<std::string>();
  auto ranges = text == nullptr ? std::nullopt : parse_ranges(*text);
  if (!ranges) {
    return field.wrong("statuses from 200 to 599 such as \"200-399\" or \"200-299,401\"");
  }
  statuses = std::move(*ranges);
}

void read_path(const Field& field, std::string& path) {
  const auto text = field.filled_text(kPaths);
  if (!text) return;
  const bool is_target = std::all_of(text->begin(), text->end(),
                                     [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
  if (!text->starts_with('/') || !is_target || text->size() > kLongestPath) {
    return field.wrong(kPaths,
                       "it begins with / and goes into the request as it stands, so spaces "
                       "and the like are written %20");
  }
  path = *text;
}

}  // namespace

core::HttpSpec read_http(const Field& field) {
  core::HttpSpec http;
  http.statuses = {kSuccess};
  if (field.as<Table>() == nullptr) {
    if (field.as<std::string>() == nullptr) {
      field.wrong(fmt::format("{}, or a table {{ path, status }}", kPaths));
    } else {
      read_path(field, http.path);
    }
    return http;
  }
  auto table = as_table(field);
  if (!table) return http;
  if (const auto path = table->field("path")) {
    read_path(*path, http.path);
  } else {
    field.error("which path is to be asked? Add path = \"/healthz\"");
  }
  if (const auto status = table->field("status")) read_statuses(*status, http.statuses);
  table->finish();
  return http;
}

void check_http(const Field& place, const core::GroupSpec& group) {
  if (group.listen.empty()) {
    return place.error(
        "a group without sockets cannot be asked by HTTP: add "
        "listen = [\"127.0.0.1:8000\", { name = \"probe\", private = true }]");
  }
  if (std::any_of(group.listen.begin(), group.listen.end(), core::is_private)) return;
  place.error(
      "\"http\" needs a socket on which nobody but the new process can answer: add "
      "{ name = \"probe\", private = true } to the group's listen");
}

}  // namespace superd::config
