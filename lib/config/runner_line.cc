#include "config/runner_line.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "config/paths.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

bool contains(RunnerOptions::Names names, std::string_view word) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

bool is_short(std::string_view name) {
  return name.size() == 2 && name.front() == '-' && name.back() != '-';
}

// What is attached to one of the names: `=value` of a long one, `value` of a short one.
std::optional<std::string> attached_value(std::string_view word, RunnerOptions::Names names) {
  for (const std::string_view name : names) {
    if (!word.starts_with(name) || word.size() == name.size()) continue;
    const std::string_view rest = word.substr(name.size());
    if (is_short(name) && rest.front() != '=') return std::string(rest);
    if (rest.front() == '=') return std::string(rest.substr(1));
  }
  return std::nullopt;
}

bool same_key(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string plain_value(std::string_view text) {
  text = trim(text);
  if (text.empty()) return {};
  const char quote = text.front();
  if (quote == '"' || quote == '\'') {
    const auto end = text.find(quote, 1);
    if (end != std::string_view::npos) return std::string(text.substr(1, end - 1));
  }
  const auto comment = std::min(text.find(" #"), text.find("\t#"));
  text = trim(text.substr(0, comment));
  while (!text.empty() && (text.back() == ',' || text.back() == ';')) text.remove_suffix(1);
  return std::string(trim(text));
}

}  // namespace

void RunnerOptions::prepend(const std::vector<std::string>& words, std::size_t place) {
  words_.insert(words_.begin(), words.begin(), words.end());
  places_.insert(places_.begin(), words.size(), place);
}

std::vector<GivenOption> RunnerOptions::all(Names names) const {
  std::vector<GivenOption> found;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (auto value = attached_value(words_[i], names)) {
      found.push_back({.value = std::move(*value), .word = places_[i]});
    } else if (contains(names, words_[i]) && i + 1 < words_.size()) {
      ++i;
      found.push_back({.value = words_[i], .word = places_[i]});
    }
  }
  return found;
}

std::optional<GivenOption> RunnerOptions::last(Names names) const {
  auto found = all(names);
  if (found.empty()) return std::nullopt;
  return std::move(found.back());
}

std::optional<GivenOption> RunnerOptions::flag(Names names) const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (contains(names, words_[i])) return GivenOption{.value = {}, .word = places_[i]};
  }
  return std::nullopt;
}

std::vector<FileSetting> plain_settings(std::string_view text) {
  constexpr std::string_view kBehindKey = " \t=:";
  std::vector<FileSetting> settings;
  std::string section;
  for (const std::string& raw : split(text, '\n')) {
    const bool is_indented = !raw.empty() && (raw.front() == ' ' || raw.front() == '\t');
    const std::string_view line = trim(raw);
    if (line.empty() || is_indented || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    const auto end = std::min(line.find_first_of(kBehindKey), line.size());
    std::string_view value = trim(line.substr(end));
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) value.remove_prefix(1);
    settings.push_back(
        {.key = std::string(line.substr(0, end)), .value = plain_value(value), .section = section});
  }
  return settings;
}

const FileSetting* find_setting(const std::vector<FileSetting>& settings, std::string_view key) {
  const auto found =
      std::find_if(settings.rbegin(), settings.rend(),
                   [&](const FileSetting& setting) { return same_key(setting.key, key); });
  return found == settings.rend() ? nullptr : &*found;
}

std::optional<std::string> RunnerLine::variable(std::string_view name) const {
  for (const auto* list : {&program.env, &group.env}) {
    const auto found = std::find_if(list->rbegin(), list->rend(),
                                    [&](const core::EnvEntry& e) { return e.name == name; });
    if (found != list->rend()) return found->value;
  }
  return std::nullopt;
}

Result<std::vector<FileSetting>> RunnerLine::file(const std::string& name) const {
  // As the first worker of a first generation would see it: nearly always as every one would.
  core::PlaceholderValues values;
  values.group = group.name;
  values.generation = 1;
  values.port = group.port_base;
  const auto directory = core::expand_placeholders(group.directory, values);
  const auto path = core::expand_placeholders(name, values);
  if (!directory || !path) return fail("its name is known only at a start");
  const auto text = read(join_path(*directory, *path));
  if (!text) return tl::unexpected(text.error());
  return plain_settings(*text);
}

std::optional<core::Duration> parse_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (const auto duration = parse_duration(text)) return *duration;
  const std::string number(text);
  char* end = nullptr;
  const double seconds = std::strtod(number.c_str(), &end);
  constexpr double kMost = 1e8;
  if (end == number.c_str() || *end != '\0' || !(seconds >= 0 && seconds < kMost)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

bool is_descriptor_address(std::string_view address) {
  return address.starts_with("fd:") || address.starts_with("fd@");
}

}  // namespace superd::config
