#pragma once

#include <optional>
#include <string>

#include "core/spec.h"

namespace superd::config {

// What a group's first worker executes, as far as it is known before a start: without the env_file,
// which may set another PATH.
struct FirstProgram {
  std::string word;  // of the command
  std::string path;  // PATH: the group's own, or that of this process
  std::string directory;
};
// Nothing: a placeholder has no value yet. The group has a command.
std::optional<FirstProgram> first_program(const core::GroupSpec& group);

// PATH of this process; empty: it has none.
std::string inherited_path();

}  // namespace superd::config
