#pragma once

#include <string>
#include <vector>

#include "config/load.h"

// What a check says of a config that has no errors.
namespace superd::config {

// `superd.toml: ok, 2 groups`, then a line for each group: its runner, why it was taken for that,
// and what follows from it; below it what is worth knowing of it, indented.
std::vector<std::string> report(const std::string& file, const Loaded& loaded);

// `superd.toml:3:1: warning: …`.
std::string warning_text(const ConfigError& warning);

}  // namespace superd::config
