#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace superd::front {

// superd executes itself once for each of its three processes. This is what they are told, by
// options that no user needs: `superd: supervisor --role supervisor --config FILE …`.
struct RoleOptions {
  std::string role;         // keeper, supervisor or logger
  std::string config_file;  // absolute
  std::string journal;      // absolute: where the supervisor leaves its state for the next one
  // Keeper only: the locked runtime directory, and who waits for the start (-1: nobody).
  int runtime_dir_fd = -1;
  int ready_fd = -1;
  // Keeper only: where the program lies, by which an upgrade finds its successor; and what one that
  // takes another one's place reads: to go on with it, or only to check that it can.
  std::string program;
  int resume_fd = -1;
  int check_resume_fd = -1;
  // The soft RLIMIT_NOFILE before superd raised it; nothing (-1): it was not raised.
  long long nofile_soft = -1;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string log_file;  // absolute: what stderr is; empty: none that superd has opened
};

// Whether this process was started as one of the three.
bool is_role(int argc, const char* const* argv);
// `options` is filled in by app.parse().
void declare(CLI::App& app, RoleOptions& options);
// `superd: keeper`.
std::string name(const RoleOptions& options);
// The command line that gives these options; argv[0] is the name.
std::vector<std::string> to_argv(const RoleOptions& options);

}  // namespace superd::front
