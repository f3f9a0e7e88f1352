#pragma once

#include <string>

#include "core/group.h"

// What superd does next, in words; empty: nothing.
namespace superd::daemon {

std::string next_step(const core::Worker& worker, core::TimePoint now);
// Of a group that is in a roll: what the roll waits for; of one without a worker: what starts it.
std::string next_step(const core::Group& group, core::TimePoint now);

// Of a process that starts beside the one that it is to replace: `new process 812 of generation 8
// is starting`; empty: none does.
std::string successor_text(const core::Worker& worker);

}  // namespace superd::daemon
