#pragma once

#include <optional>
#include <string>

#include "core/supervision.h"

// Whose process a spawn is, and why it came and goes: for whoever tells or counts.
namespace superd::daemon {

// Borrowed from the core, until its next event.
struct FoundLife {
  enum class Place { serves, is_next, drains };
  const core::Worker& worker;
  const core::Life& life;
  Place place;
};
// Nothing: no process of the spawn can be left.
std::optional<FoundLife> find_life(const core::Supervision& core, core::SpawnId spawn);

// What it was started for: `boot`, `command uid=0 pid=4711`.
std::string cause_of_start(const FoundLife& found);
// Why its main process ends now: what asked it to, or `exit` where nothing did.
std::string cause_of_end(const FoundLife& found);

}  // namespace superd::daemon
