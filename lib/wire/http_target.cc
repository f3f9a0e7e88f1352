#include "wire/http_target.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace superd::wire {
namespace {

enum class Part { segment, query };

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

Result<std::string> percent_decode(std::string_view text, Part part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail("a percent sign in the path is not followed by two hex digits");
      c = static_cast<char>(high * 16 + low);
      if (c == '/' && part == Part::segment) return fail("a segment of the path holds a slash");
      i += 2;
    }
    if (is_control(c)) return fail("the path holds a control character");
    decoded += c;
  }
  return decoded;
}

Status parse_path(std::string_view path, Request& request) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end), Part::segment);
    if (!segment) return tl::unexpected(segment.error());
    request.segments.push_back(std::move(*segment));
    path.remove_prefix(end);
  }
  return {};
}

Status parse_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    const std::size_t equals = std::min(field.find('='), field.size());
    auto name = percent_decode(field.substr(0, equals), Part::query);
    if (!name) return tl::unexpected(name.error());
    auto value = percent_decode(field.substr(std::min(equals + 1, field.size())), Part::query);
    if (!value) return tl::unexpected(value.error());
    request.query.push_back({.name = std::move(*name), .value = std::move(*value)});
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// RFC 9112, 3.2.2: a server accepts `http://host/path?query` as well; this is its end from the path
// on, which may be empty. Nothing: it is none, or one without a host or with a user, who has no
// place in a request (RFC 9110, 4.2).
std::optional<std::string_view> behind_host(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  const auto is_letter = [](char scheme, char given) { return scheme == (given | 0x20); };
  const std::string_view scheme = target.substr(0, kScheme.size());
  if (!std::equal(kScheme.begin(), kScheme.end(), scheme.begin(), scheme.end(),
                  [&](char a, char b) { return a == b || (a >= 'a' && is_letter(a, b)); })) {
    return std::nullopt;
  }
  const std::string_view rest = target.substr(kScheme.size());
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view host = rest.substr(0, end);
  if (host.empty() || host.front() == ':' || host.find('@') != std::string_view::npos) {
    return std::nullopt;
  }
  return rest.substr(end);
}

}  // namespace

Status parse_target(std::string_view target, Request& request) {
  request.target = target;
  if (const auto rest = behind_host(target)) {
    target = *rest;
  } else if (target.empty() || target.front() != '/') {
    return fail("the path must begin with a slash");
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  if (auto status = parse_path(target.substr(0, question), request); !status) return status;
  return parse_query(target.substr(std::min(question + 1, target.size())), request);
}

std::string make_target(const std::vector<std::string>& segments,
                        const std::vector<QueryField>& query) {
  std::string target;
  for (const std::string& segment : segments) target += "/" + percent_encode(segment);
  char separator = '?';
  for (const QueryField& field : query) {
    target += separator;
    target += percent_encode(field.name) + "=" + percent_encode(field.value);
    separator = '&';
  }
  return target;
}

}  // namespace superd::wire
