#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <sys/types.h>

#include "doctor/finding.h"
#include "doctor/unit_facts.h"

// What superd's service manager does to its workers. Pure.
namespace superd::doctor {

// superd as it runs.
struct Service {
  pid_t keeper = 0;
  std::chrono::nanoseconds stop_time{};  // that the groups may take to stop, by their stop.timeout
  std::optional<Unit> unit{};            // nothing: no unit of systemd
  // The unit's settings, or why they are not known.
  Result<UnitFacts> facts = UnitFacts{};
};
Findings examine(const Service& service);

}  // namespace superd::doctor
