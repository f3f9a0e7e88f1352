#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/error.h"
#include "config/locations.h"
#include "config/machine.h"
#include "config/runner.h"
#include "core/spec.h"

// Reads a config file and all that it includes, checks it, and gives the spec. Reads files, asks
// for accounts; changes nothing and makes nothing.
namespace superd::config {

struct Loaded {
  // Meant for use only where `errors` is empty; [superd] is filled in with defaults as far as it
  // can be read in any case.
  core::Spec spec;
  // All of all files, in the order of the files as they were read, then by line and column.
  std::vector<ConfigError> errors;
  // The first error for which something of [superd] may be missing in the spec: in that table, or
  // one behind which the main file cannot be read.
  std::optional<ConfigError> superd_error{};
  // What is no error, but harms: in the same order, and only where there are no errors.
  std::vector<ConfigError> warnings{};
  // Which runner each of spec.groups is, in their order.
  std::vector<RunnerChoice> runners{};
  // Every file that was read, absolute, the main one first.
  std::vector<std::string> files{};
};

// `file` as the user named it: places show it so. A config without any group is valid.
Loaded load(const std::string& file, const Defaults& defaults);
Loaded load(const std::string& file, const Defaults& defaults, const Machine& machine);

}  // namespace superd::config
