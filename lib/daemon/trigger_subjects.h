#pragma once

#include <vector>

#include "core/spec.h"
#include "daemon/path_watch.h"

namespace superd::daemon {

// What is to be watched for a group: its hold file first, where it has one, then its triggers in
// their order. Relative paths begin at its directory as written, whose links are followed at each
// look; one that names {worker} is that of each worker.
std::vector<Subject> subjects_of(const core::GroupSpec& group);
bool watch_the_same(const core::GroupSpec& a, const core::GroupSpec& b);

}  // namespace superd::daemon
