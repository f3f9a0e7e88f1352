#include "config_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

namespace superd::config {
namespace {

template <class T>
std::optional<T> find_in(const std::map<std::string, T>& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? std::nullopt : std::optional<T>(found->second);
}

std::optional<Account> find_user(const std::string& name) {
  const Account root{.name = "root", .uid = 0, .gid = 0};
  const Account deploy{.name = "deploy", .uid = 1000, .gid = 1000};
  return find_in<Account>({{"root", root},
                           {"0", root},
                           {"www-data", {.name = "www-data", .uid = 33, .gid = 33}},
                           {"deploy", deploy},
                           {"1000", deploy}},
                          name);
}

std::optional<gid_t> find_group(const std::string& name) {
  return find_in<gid_t>({{"root", 0}, {"www-data", 33}, {"deploy", 1000}, {"ops", 50}}, name);
}

}  // namespace

Machine root_machine() {
  return {.uid = 0,
          .gid = 0,
          .may_switch_user = true,
          .may_raise_limits = true,
          .may_chown = true,
          .lowest_nice = -20,
          .lowest_oom_score_adj = -1000,
          .highest_nofile = 1048576,
          .hard_limit = [](int) { return std::uint64_t{4096}; },
          .cpus = {0, 1, 2, 3},
          .find_user = find_user,
          .find_group = find_group};
}

Machine user_machine() {
  Machine machine = root_machine();
  machine.uid = 1000;
  machine.gid = 1000;
  machine.may_switch_user = false;
  machine.may_raise_limits = false;
  machine.may_chown = false;
  machine.lowest_nice = 0;
  machine.lowest_oom_score_adj = 0;
  return machine;
}

Defaults test_defaults() {
  return {.runtime_dir = "/run/superd", .log_dir = "/var/log/superd", .state_dir = "/run/superd"};
}

ConfigFolder::ConfigFolder() {
  std::string name = std::filesystem::temp_directory_path() / "superd-config-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = std::filesystem::canonical(name);
}

ConfigFolder::~ConfigFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ConfigFolder::write(const std::string& name, std::string_view text) const {
  const std::filesystem::path path = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  REQUIRE(file);
  return path;
}

Loaded ConfigFolder::load(const std::string& name) const { return load(root_machine(), name); }

Loaded ConfigFolder::load(const Machine& machine, const std::string& name) const {
  return superd::config::load(path_ + "/" + name, test_defaults(), machine);
}

namespace {

std::vector<std::string> in_lines(const std::vector<ConfigError>& found) {
  std::vector<std::string> lines;
  for (const ConfigError& each : found) {
    lines.push_back(fmt::format("{}:{}: {}", each.place.line, each.place.column, each.message));
  }
  return lines;
}

}  // namespace

std::vector<std::string> errors_of(std::string_view text, const Machine& machine) {
  const ConfigFolder folder;
  folder.write("superd.toml", text);
  return in_lines(folder.load(machine).errors);
}

std::vector<std::string> warned_of(std::string_view text) {
  const ConfigFolder folder;
  folder.write("superd.toml", text);
  return in_lines(folder.load(root_machine()).warnings);
}

core::Spec spec_of(std::string_view text, const Machine& machine) {
  const ConfigFolder folder;
  folder.write("superd.toml", text);
  const Loaded loaded = folder.load(machine);
  for (const ConfigError& error : loaded.errors) UNSCOPED_INFO(to_string(error));
  REQUIRE(loaded.errors.empty());
  return loaded.spec;
}

core::GroupSpec group_of(std::string_view keys, const Machine& machine) {
  const bool has_command =
      keys.starts_with("command") || keys.find("\ncommand") != std::string_view::npos;
  const auto spec = spec_of(
      fmt::format("[group.web]\n{}{}\n", has_command ? "" : "command = [\"sleep\", \"1\"]\n", keys),
      machine);
  REQUIRE(spec.groups.size() == 1);
  return spec.groups.front();
}

}  // namespace superd::config
