#include "core/ignore.h"

#include <algorithm>

#include "core/glob.h"

namespace superd::core {
namespace {

std::string escaped(std::string_view part) {
  std::string text;
  for (const char c : part) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Ignore::Ignore(std::span<const std::string> patterns, std::string_view directory) {
  for (const std::string_view pattern : kAlwaysIgnored) add(pattern, directory);
  for (const std::string& pattern : patterns) add(pattern, directory);
}

void Ignore::add(std::string_view text, std::string_view directory) {
  Pattern pattern;
  pattern.directories_alone = text.ends_with('/');
  while (text.ends_with('/')) text.remove_suffix(1);
  pattern.by_name = text.find('/') == std::string_view::npos;
  if (!pattern.by_name && !text.starts_with('/')) {
    for (const std::string& part : parts_of(directory)) pattern.parts.push_back(escaped(part));
  }
  for (std::string& part : parts_of(text)) pattern.parts.push_back(std::move(part));
  if (!pattern.parts.empty()) patterns_.push_back(std::move(pattern));
}

bool Ignore::matches(std::string_view path, EntryKind kind) const {
  if (matches_name(last_part(path), kind)) return true;
  const bool any = std::ranges::any_of(patterns_, [](const Pattern& p) { return !p.by_name; });
  if (!any) return false;
  const std::vector<std::string> parts = parts_of(path);
  return std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
    if (pattern.by_name || (pattern.directories_alone && kind == EntryKind::file)) return false;
    return match_path(pattern.parts, parts, HiddenNames::by_any);
  });
}

bool Ignore::matches_name(std::string_view name, EntryKind kind) const {
  return std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
    if (!pattern.by_name || (pattern.directories_alone && kind == EntryKind::file)) return false;
    return match_name(pattern.parts.front(), name, HiddenNames::by_any);
  });
}

}  // namespace superd::core
