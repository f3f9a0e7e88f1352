#pragma once

#include <optional>
#include <string>

#include "core/spec.h"

namespace superd::superctl {

// What every subcommand understands.
struct Options {
  std::optional<std::string> config;  // -c FILE
  std::optional<std::string> socket;  // -s PATH
  bool json = false;
  bool quiet = false;
  bool no_wait = false;
  std::optional<core::Duration> timeout;
};

}  // namespace superd::superctl
