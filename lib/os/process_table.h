#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "os/process.h"

// All processes of this machine (of this PID namespace) as /proc shows them at one time.
namespace superd::os {

struct ProcessInfo {
  ProcessId id;
  pid_t parent = 0;
  pid_t process_group = 0;
  pid_t session = 0;
  char state = '?';     // R S D Z T … as in /proc/PID/stat
  std::string command;  // the kernel's name, at most 15 bytes, any bytes
};

// A line of /proc/PID/stat; nothing where it is not one. The command may hold blanks and brackets.
std::optional<ProcessInfo> parse_stat(std::string_view line);
// ESRCH: no such process.
Result<ProcessInfo> read_process(pid_t pid);

class ProcessTable {
 public:
  // Costs tens of microseconds a process. Processes that come or go meanwhile may be in it or not.
  static Result<ProcessTable> snapshot();
  // For tests and for tables from elsewhere.
  explicit ProcessTable(std::vector<ProcessInfo> processes);

  [[nodiscard]] const std::vector<ProcessInfo>& processes() const { return processes_; }  // by PID
  [[nodiscard]] const ProcessInfo* find(pid_t pid) const;
  [[nodiscard]] std::vector<const ProcessInfo*> children_of(pid_t pid) const;
  // Without the process itself, parents before their children, each once.
  [[nodiscard]] std::vector<const ProcessInfo*> descendants_of(pid_t pid) const;
  [[nodiscard]] std::vector<const ProcessInfo*> session_of(pid_t session) const;

 private:
  std::vector<ProcessInfo> processes_;
  std::vector<std::size_t> by_parent_;  // indices into processes_, ordered by parent, then PID
};

// The command line as one line for display: arguments joined by blanks, control characters as `?`,
// cut at `limit` bytes. Empty where it cannot be read (kernel threads, zombies, gone).
std::string command_line(pid_t pid, std::size_t limit = 4096);

// Memory of several processes. Processes that are gone count nothing.
struct MemoryUse {
  std::uint64_t bytes = 0;
  // Each page is counted once, shared ones by their share (PSS). False: of some process only the
  // resident size (RSS) may be read, which has what it shares with others in full.
  bool proportional = true;
};
MemoryUse memory_use(std::span<const pid_t> pids);

// The value of a variable in the environment the process was started with; nothing where it is not
// set or may not be read. A process may have overwritten it: a hint, never a proof.
std::optional<std::string> environment_variable(pid_t pid, std::string_view name);

}  // namespace superd::os
