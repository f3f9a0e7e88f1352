#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/context.h"
#include "config/field.h"
#include "config/listen.h"
#include "config/runner.h"
#include "core/spec.h"

namespace superd::config {

struct PlacedGroup {
  core::GroupSpec spec;
  std::vector<core::Place> listen_places;   // one for each of spec.listen
  std::vector<core::Place> depends_places;  // one for each of spec.depends_on
  RunnerChoice runner;
  std::vector<ConfigError> warnings;  // of its runner; no reason to refuse the config
};

// Reads [group.NAME]. What stands in `table` is checked whatever else is wrong.
PlacedGroup read_group_table(TableReader table, const std::string& name, const Context& context);

// Of a config of which not all could be read a group that is not among `groups` may exist.
enum class Extent { whole, part };

// What no group can know alone: a name or an address used twice, a socket that is superd's own, a
// group that depends on one that does not exist, or on itself over others.
void check_across(const std::vector<PlacedGroup>& groups, Extent extent,
                  const core::DaemonSpec& daemon, Problems& problems);

}  // namespace superd::config
