#include "config/load_here.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/program_file.h"
#include "base/text.h"
#include "config/first_program.h"
#include "config/writable.h"

namespace superd::config {
namespace {

// What cannot be found; empty: it can, or nobody knows before the start.
std::string missing(const std::string& word, const std::string& path,
                    const std::string& directory) {
  if (word.empty() || find_program(word, path, directory)) return "";
  const bool along_path = word.find('/') == std::string::npos;
  return fmt::format("there is no program {}{}", superd::quoted(word),
                     along_path ? fmt::format(" along PATH, {}", path) : "");
}

// As the first worker will look for it.
std::string missing(const core::GroupSpec& group) {
  const std::optional<FirstProgram> program = first_program(group);
  if (!program) return "";
  // The file may set another PATH.
  if (group.env_file && program->word.find('/') == std::string::npos) return "";
  return missing(program->word, program->path, program->directory);
}

// The link on the way that a `..` behind it does not go back over: the path goes up from where the
// link leads, which is seldom meant. Nothing where there is none, or nobody knows yet.
std::optional<std::string> link_before_up(const std::string& directory, const std::string& path) {
  namespace fs = std::filesystem;
  if (path.find("..") == std::string::npos || (directory + path).find('{') != std::string::npos) {
    return std::nullopt;
  }
  fs::path way;
  for (const fs::path& part : fs::path(directory) / path) {
    std::error_code failed;
    if (part == ".." && fs::is_symlink(way, failed)) return way.string();
    way /= part;
  }
  return std::nullopt;
}

void warn_of_way_up(const core::GroupSpec& group, const std::string& key, const std::string& path,
                    std::vector<ConfigError>& warnings) {
  const auto link = link_before_up(group.directory, path);
  if (!link) return;
  warnings.push_back({.place = group.place,
                      .message = fmt::format(
                          "group.{}.{}: {} goes up from where the link {} leads, not from where "
                          "it is: write the whole path",
                          group.name, key, superd::quoted(path), *link)});
}

void warn_of_ways_up(Loaded& loaded) {
  for (const core::GroupSpec& group : loaded.spec.groups) {
    if (group.hold_file) warn_of_way_up(group, "hold_file", *group.hold_file, loaded.warnings);
    for (const core::TriggerSpec& trigger : group.triggers) {
      for (const std::string& path : trigger.paths) {
        warn_of_way_up(group, "trigger", path, loaded.warnings);
      }
    }
  }
}

void warn_of_missing_programs(Loaded& loaded) {
  for (const core::GroupSpec& group : loaded.spec.groups) {
    const std::string what = missing(group);
    if (what.empty()) continue;
    loaded.warnings.push_back(
        {.place = group.place, .message = fmt::format("group.{}.command: {}", group.name, what)});
  }
  for (const core::HookSpec& hook : loaded.spec.hooks) {
    const std::string what = missing(hook.run.front(), inherited_path(), hook.directory);
    if (what.empty()) continue;
    loaded.warnings.push_back({.place = {.file = loaded.files.front(), .line = 0, .column = 0},
                               .message = "hook: " + what});
  }
}

}  // namespace

Loaded load_here(const std::string& file) {
  Loaded loaded = load(file, default_directories(this_process()));
  std::vector<ConfigError> writable = writable_by_others(loaded.files);
  std::move(writable.begin(), writable.end(), std::back_inserter(loaded.errors));
  if (!loaded.errors.empty()) return loaded;
  warn_of_missing_programs(loaded);
  warn_of_ways_up(loaded);
  return loaded;
}

}  // namespace superd::config
