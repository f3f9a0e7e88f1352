#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

// A folder of config files of its own, and a machine that is the same everywhere.
namespace superd::config {

// uid 0 with every right; users root (0) and www-data (33), groups root, www-data and ops (50);
// processors 0 to 3; nofile at most 1048576.
Machine root_machine();
// uid 1000, user deploy, without any right; hard limits 4096, nice 0, oom_score_adj 0.
Machine user_machine();
Defaults test_defaults();

class ConfigFolder {
 public:
  ConfigFolder();
  ConfigFolder(const ConfigFolder&) = delete;
  ConfigFolder& operator=(const ConfigFolder&) = delete;
  ~ConfigFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  // Writes a file, folders included, and gives its path.
  std::string write(const std::string& name, std::string_view text) const;
  [[nodiscard]] Loaded load(const std::string& name = "superd.toml") const;
  [[nodiscard]] Loaded load(const Machine& machine, const std::string& name = "superd.toml") const;

 private:
  std::string path_;
};

// Loads one text as superd.toml; errors as `LINE:COLUMN: MESSAGE`.
std::vector<std::string> errors_of(std::string_view text, const Machine& machine = root_machine());
// The same of what is no error, but harms.
std::vector<std::string> warned_of(std::string_view text);
// The spec of a text that must be right.
core::Spec spec_of(std::string_view text, const Machine& machine = root_machine());
// The same for the keys of one group, [group.web]; `command` is added unless the keys give one.
core::GroupSpec group_of(std::string_view keys, const Machine& machine = root_machine());

}  // namespace superd::config
