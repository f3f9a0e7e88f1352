#pragma once

namespace superd::logs {

struct LoggerOptions {
  // The logger's end of the pair with the keeper (lib/keeper); owned from here on.
  int keeper_fd = -1;
};

// The logger process: captures the workers' output into files and answers the supervisor's
// questions about it. Returns the process's exit status once the keeper's end is closed and what
// was in the pipes is written: 0, or 1 if it could not begin. Sets the umask to 0027 and ignores
// the signals that a terminal or a service manager sends to everyone (HUP, INT, TERM, USR1, USR2),
// PIPE and XFSZ: it leaves when the keeper does. log::configure was called before.
int run_logger(LoggerOptions options);

}  // namespace superd::logs
