#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/spec.h"

namespace superd::config {

struct ConfigError {
  core::Place place;  // line 0: the file as a whole
  std::string message;
};
// `superd.toml:3:1: unknown key "worker" in [group.web], did you mean "workers"?`; without line and
// column where the file as a whole is meant.
std::string to_string(const ConfigError& error);
// `superd.toml:3:1`.
std::string to_string(const core::Place& place);

// Collects what is wrong, so that a check never has to stop at the first error.
class Problems {
 public:
  // Control characters in the message are made printable.
  void add(core::Place place, std::string_view message);
  [[nodiscard]] const std::vector<ConfigError>& all() const { return errors_; }
  // By file in the order given, then by line and column; equal ones once.
  [[nodiscard]] std::vector<ConfigError> sorted(const std::vector<std::string>& files) const;

 private:
  std::vector<ConfigError> errors_;
};

}  // namespace superd::config
