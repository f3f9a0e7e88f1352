#include <CLI/CLI.hpp>

#include "command.h"

namespace superd::superctl {

std::vector<Command> all_commands() {
  return {status_command(), start_command(),   stop_command(),    restart_command(),
          reload_command(), signal_command(),  hold_command(),    release_command(),
          pids_command(),   whose_command(),   why_command(),     logs_command(),
          events_command(), wait_command(),    apply_command(),   check_command(),
          doctor_command(), upgrade_command(), metrics_command(), shutdown_command(),
          ping_command(),   version_command()};
}

void declare_names(CLI::App& app, std::vector<std::string>& names) {
  app.add_option("NAME", names, "group, worker (web.2), glob ('web*'), all, or self")
      ->required()
      ->type_name("");
}

}  // namespace superd::superctl
