#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "doctor/finding.h"
#include "doctor/machine.h"

// From facts to findings. Pure.
namespace superd::doctor {

// What only a running superd knows.
struct Running {
  std::size_t workers = 0;  // that are configured, or more where they were scaled up
  std::string journal{};    // its path
  bool journal_fails = false;
  std::uint64_t journal_bytes = 0;
  // Groups whose triggers look by themselves, and why.
  std::vector<std::pair<std::string, std::string>> looking{};
};

// Tracking, kernel, rights; limits without anything to hold them against.
Findings examine(const Machine& machine, const Tracking& tracking);
// And the limits for these workers, journal and triggers.
Findings examine(const Machine& machine, const Tracking& tracking, const Running& running);

}  // namespace superd::doctor
