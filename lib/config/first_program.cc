#include "config/first_program.h"

#include <algorithm>
#include <cstdlib>

#include "core/placeholders.h"

namespace superd::config {

std::string inherited_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "" : path;
}

std::optional<FirstProgram> first_program(const core::GroupSpec& group) {
  core::PlaceholderValues values;
  values.group = group.name;
  values.port = group.port_base;
  const auto own = std::ranges::find(group.env, "PATH", &core::EnvEntry::name);
  const Result<std::string> path = own == group.env.end()
                                       ? Result<std::string>(inherited_path())
                                       : core::expand_placeholders(own->value, values);
  const auto word = core::expand_placeholders(group.command.front(), values);
  const auto directory = core::expand_placeholders(group.directory, values);
  if (!word || !path || !directory) return std::nullopt;
  return FirstProgram{.word = *word, .path = *path, .directory = *directory};
}

}  // namespace superd::config
