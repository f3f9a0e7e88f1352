#include "role_options.h"

#include <string_view>

#include <CLI/CLI.hpp>

namespace superd::front {

bool is_role(int argc, const char* const* argv) {
  return argc > 1 && std::string_view(argv[1]) == "--role";
}

void declare(CLI::App& app, RoleOptions& options) {
  app.add_option("--role", options.role)->check(CLI::IsMember({"keeper", "supervisor", "logger"}));
  app.add_option("--config", options.config_file);
  app.add_option("--journal", options.journal);
  app.add_option("--runtime-dir-fd", options.runtime_dir_fd);
  app.add_option("--ready-fd", options.ready_fd);
  app.add_option("--program", options.program);
  app.add_option("--resume", options.resume_fd);
  app.add_option("--check-resume", options.check_resume_fd);
  app.add_option("--nofile-soft", options.nofile_soft);
  app.add_option("--log-level", options.log_level);
  app.add_option("--log-format", options.log_format);
  app.add_option("--log-file", options.log_file);
}

std::string name(const RoleOptions& options) { return "superd: " + options.role; }

std::vector<std::string> to_argv(const RoleOptions& options) {
  std::vector<std::string> argv = {name(options), "--role", options.role};
  const RoleOptions usual;
  const auto add = [&argv](const char* option, const std::string& value) {
    argv.emplace_back(option);
    argv.push_back(value);
  };
  add("--config", options.config_file);
  add("--journal", options.journal);
  if (options.runtime_dir_fd >= 0) add("--runtime-dir-fd", std::to_string(options.runtime_dir_fd));
  if (options.ready_fd >= 0) add("--ready-fd", std::to_string(options.ready_fd));
  if (!options.program.empty()) add("--program", options.program);
  if (options.nofile_soft >= 0) add("--nofile-soft", std::to_string(options.nofile_soft));
  if (options.log_level != usual.log_level) add("--log-level", options.log_level);
  if (options.log_format != usual.log_format) add("--log-format", options.log_format);
  if (!options.log_file.empty()) add("--log-file", options.log_file);
  return argv;
}

}  // namespace superd::front
