#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/alive_watch.h"
#include "keeper/listen_fds.h"

namespace superd::keeper {

struct KeeperOptions {
  // The open runtime directory, locked (os/runtime_dir.h). Owned, so that the lock lasts as long as
  // the keeper lives and no longer; `superd.pid` is written into it, for information only.
  UniqueFd runtime_dir;
  // The guard of its path (os/runtime_guard.h), which lasts as long; taken where it is missing.
  UniqueFd guard;
  // What both children are: executed by this descriptor, so that an upgrade on disk never mixes
  // two versions. Close-on-exec.
  UniqueFd program;
  std::vector<std::string> supervisor_argv;
  std::vector<std::string> logger_argv;
  // Gets one byte, the code of the first `started`, and is closed; closed without a byte if the
  // keeper ends before. Empty: nobody waits.
  UniqueFd ready;
  // What the service manager gave (keeper/listen_fds.h), taken before anything else was opened.
  std::vector<GivenFd> given;
  // How long supervisor and logger may take to leave once the shutdown is done.
  std::chrono::milliseconds leave_limit = std::chrono::seconds(10);
  // Where the program lies, and the command line with which it becomes a keeper: for an upgrade.
  std::string program_path;
  std::vector<std::string> argv;
  // A Handover, of which this process goes on: runtime_dir, guard and ready come from there.
  UniqueFd resume;
  // How long a new program may take to check the state, and the supervisor to send what it began.
  std::chrono::milliseconds upgrade_limit = std::chrono::seconds(10);
  // The interval is at most what a service manager's watchdog asks for.
  AliveWatch::Limits alive = {};
};

// What ps and /proc call the process that runs as a keeper.
inline constexpr const char* kKeeperComm = "superd: keeper";

// The keeper process: the parent of supervisor and logger, the PID that the outside knows. It holds
// what must outlive a crash of them (descriptors, the lock), starts them again when they end (at
// once, then after a pause of 100 ms doubling to 5 s; one that lived 10 s starts anew), forwards
// TERM, INT, HUP, USR1, USR2 and real-time signals to the supervisor, and reaps whatever comes
// home. A supervisor or logger that answers nothing for 30 s (keeper/alive_watch.h) is killed, and
// only for a supervisor that answers the service manager hears WATCHDOG=1. While the logger stays
// away, or does not answer, output pipes are kept from being full (keeper/pipe_relief.h). It
// decides nothing else. A supervisor dies in the moment in which the keeper does; a logger is told
// by its end of the pair. Both children get their end of the pair at kLinkFd
// (keeper/keeper_link.h), no other descriptor but 0-2, a session of their own, no signal blocked or
// ignored, and nothing in the environment of what a service manager gave: that is the keeper's.
//
// Listening sockets (items `listen/…`) are kept by the service manager as well; those that it gives
// back are held from the start, where they are listening stream sockets of the address that their
// name says. The others are closed, and taken out of its store.
//
// Returns the process's exit status: the code of `finished`; 1 where it cannot begin, or where
// three supervisors in a row died of a shutdown that was asked for. log::configure was called
// before.
int run_keeper(KeeperOptions options);

// For `--check-resume FD`: kCanResume if run_keeper() can go on with the Handover, else 1 and a
// line in the log.
int check_resume(int fd);

}  // namespace superd::keeper
