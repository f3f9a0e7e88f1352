#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// One process: naming it so that a reused PID is never mistaken for it, signalling, its end.
namespace superd::os {

// A PID alone may be reused; with its start time it names one process until the next boot.
struct ProcessId {
  pid_t pid = -1;
  std::uint64_t start_time = 0;  // clock ticks after boot, field 22 of /proc/PID/stat

  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

// How a process ended.
struct Exit {
  enum class Kind { exited, signalled };
  Kind kind = Kind::exited;
  int value = 0;             // exit status or signal number
  bool core_dumped = false;  // signalled only

  friend bool operator==(const Exit&, const Exit&) = default;
};
// From the status of wait(2); the other way round for a record of 4 bytes.
Exit exit_from_wait_status(int status);
int to_wait_status(const Exit& exit);

// Also for zombies. Error code ESRCH: no such process.
Result<std::uint64_t> start_time(pid_t pid);
Result<ProcessId> process_id(pid_t pid);

// Close-on-exec. Error code ESRCH: no such process.
Result<UniqueFd> open_pidfd(pid_t pid);
// Opens a pidfd of exactly that process: ESRCH where the PID has passed to another one.
Result<UniqueFd> open_pidfd(const ProcessId& process);

// Error code ESRCH: it has ended and was reaped. A zombie takes any signal without effect.
Status signal_pidfd(int pidfd, int signal);
// Never reaches another process than the named one.
Status signal_process(const ProcessId& process, int signal);

// True once the process has ended, be it reaped or not; works for any process, not only children.
bool has_ended(int pidfd);

// Only for children of the caller (else error code ECHILD). Nothing: still running.
// peek leaves the zombie (and its /proc entry) in place, reap takes it away.
Result<std::optional<Exit>> peek_exit(int pidfd);
Result<std::optional<Exit>> reap(int pidfd);

struct Reaped {
  ProcessId process;
  Exit exit;
};
// Takes away one ended child, whichever it is; nothing where none has ended or there is no child.
Result<std::optional<Reaped>> reap_next();

}  // namespace superd::os
