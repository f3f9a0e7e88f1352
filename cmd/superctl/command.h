#pragma once

#include <functional>
#include <string>
#include <vector>

#include "context.h"

// NOLINTNEXTLINE(readability-identifier-naming): the library chose the name.
namespace CLI {
class App;
}

namespace superd::superctl {

// One subcommand: how it is called, and what it does.
struct Command {
  std::string name;
  std::string summary;  // one line of --help
  // Adds its own options and arguments; what they hold lives as long as the command.
  std::function<void(CLI::App&)> declare;
  std::function<ExitCode(Context&)> run;
  bool asks_superd = true;
};

Command apply_command();
Command check_command();
Command doctor_command();
Command events_command();
Command hold_command();
Command logs_command();
Command metrics_command();
Command pids_command();
Command ping_command();
Command release_command();
Command reload_command();
Command restart_command();
Command shutdown_command();
Command upgrade_command();
Command signal_command();
Command start_command();
Command status_command();
Command stop_command();
Command version_command();
Command wait_command();
Command whose_command();
Command why_command();

// In the order of --help.
std::vector<Command> all_commands();

// NAME…, at least one.
void declare_names(CLI::App& app, std::vector<std::string>& names);

}  // namespace superd::superctl
