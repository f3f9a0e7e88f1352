#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/occurrence_kind.h"

namespace superd::core {

// A program of the user's that is told what happens.
struct HookSpec {
  std::set<OccurrenceKind> on;
  std::vector<std::string> run;  // no placeholders; run[0] absolute, or looked for along PATH
  std::string directory;         // absolute: the config file's, where it is run

  friend bool operator==(const HookSpec&, const HookSpec&) = default;
};

}  // namespace superd::core
