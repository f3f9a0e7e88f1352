#pragma once

#include <optional>
#include <string>

#include <sys/resource.h>

namespace superd::daemon {

struct SupervisorOptions {
  std::string config_file;
  // The supervisor's end of the pair with the keeper; owned from here on.
  int keeper_fd = -1;
  // Where the journal is (daemon/journal.h).
  std::string journal;
  // RLIMIT_NOFILE's soft limit before superd raised it; nothing: it was not raised.
  std::optional<rlim_t> nofile_soft;
};

// The supervisor process: one thread, one loop. Returns its exit status: 0 after an ordered
// shutdown or when the keeper is gone (then nothing was touched), 1 where it cannot begin; the
// keeper starts it again. log::configure was called before; the config's level and format are set
// here.
int run_supervisor(const SupervisorOptions& options);

// Before an upgrade, in the program that is to go on: 0 if run_supervisor() can go on from the
// journal, else 1 and the reason in the log.
int check_journal(const std::string& path);

}  // namespace superd::daemon
