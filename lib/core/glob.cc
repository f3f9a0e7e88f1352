#include "core/glob.h"

#include <cstddef>
#include <optional>

namespace superd::core {
namespace {

constexpr std::string_view kAnyDepth = "**";

struct Unit {
  std::size_t length = 1;  // in the pattern
  bool matches = false;
};

// `[a-z]`, `[!abc]` at the front; nothing: the bracket is not closed and means itself.
std::optional<Unit> match_set(std::string_view pattern, char c) {
  std::size_t at = 1;
  const bool inverted = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (inverted) ++at;
  bool found = false;
  for (const std::size_t begin = at; at < pattern.size(); ++at) {
    if (pattern[at] == ']' && at > begin)
      return Unit{.length = at + 1, .matches = found != inverted};
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const char first = pattern[at];
    char last = first;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      last = pattern[at + 2];
      at += 2;
    }
    const auto byte = [](char x) { return static_cast<unsigned char>(x); };
    found = found || (byte(first) <= byte(c) && byte(c) <= byte(last));
  }
  return std::nullopt;
}

// One character against what stands first in a pattern that is not empty.
Unit match_one(std::string_view pattern, char c) {
  if (pattern[0] == '?') return {.length = 1, .matches = true};
  if (pattern[0] == '[') {
    if (const auto set = match_set(pattern, c)) return *set;
  }
  if (pattern[0] == '\\' && pattern.size() > 1) return {.length = 2, .matches = pattern[1] == c};
  return {.length = 1, .matches = pattern[0] == c};
}

}  // namespace

bool match_name(std::string_view pattern, std::string_view name, HiddenNames hidden) {
  if (hidden == HiddenNames::by_dot_alone && name.starts_with('.') && !pattern.starts_with('.') &&
      !pattern.starts_with("\\.")) {
    return false;
  }
  std::size_t p = 0;
  std::size_t n = 0;
  // Where the last star stands, and what it has taken: only that one ever has to take more.
  std::optional<std::size_t> star;
  std::size_t taken = 0;
  while (n < name.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
      continue;
    }
    if (p < pattern.size() && n < name.size()) {
      const Unit unit = match_one(pattern.substr(p), name[n]);
      if (unit.matches) {
        p += unit.length;
        ++n;
        continue;
      }
    }
    if (!star || taken >= name.size()) return false;
    p = *star + 1;
    n = ++taken;
  }
  return true;
}

bool is_pattern(std::string_view part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\') {
      ++i;
    } else if (part[i] == '*' || part[i] == '?' || part[i] == '[') {
      return true;
    }
  }
  return false;
}

std::string plain_name(std::string_view part) {
  std::string name;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\' && i + 1 < part.size()) ++i;
    name += part[i];
  }
  return name;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

bool match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                HiddenNames hidden) {
  // As match_name does it, with `**` for the star.
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::size_t> star;
  std::size_t taken = 0;
  while (n < path.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == kAnyDepth) {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && n < path.size() && match_name(pattern[p], path[n], hidden)) {
      ++p;
      ++n;
    } else if (star && taken < path.size()) {
      p = *star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace superd::core
