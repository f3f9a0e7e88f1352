#pragma once

#include "client/exit_code.h"

namespace superd::superctl {

// Reads the command line and runs the one subcommand that it names. What is wrong with it goes to
// stderr, with what may have been meant: ExitCode::usage, and nothing is done.
client::ExitCode run_command_line(int argc, char** argv);

}  // namespace superd::superctl
