#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/error.h"
#include "config/value.h"

namespace superd::config {

struct ParsedToml {
  Value root;  // always a table
  // The first thing that is not TOML. The tree then holds what could be read around it: whatever
  // stands before the error is sound, what seems to be missing may be there.
  std::optional<ConfigError> error;
};

// `file` is what places show. Bounded in depth; never fails otherwise.
ParsedToml parse_toml(std::string_view text, const std::string& file);

}  // namespace superd::config
