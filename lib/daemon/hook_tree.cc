#include "daemon/hook_tree.h"

#include <csignal>
#include <set>

#include "os/process.h"
#include "os/process_table.h"

namespace superd::daemon {
namespace {

// A fork between the look and the KILL is found by the next round.
constexpr int kKillRounds = 3;

std::set<os::ProcessId> below(pid_t leader) {
  std::set<os::ProcessId> tree;
  const Result<os::ProcessTable> table = os::ProcessTable::snapshot();
  if (!table) return tree;
  for (const os::ProcessInfo* process : table->descendants_of(leader)) tree.insert(process->id);
  for (const os::ProcessInfo* process : table->session_of(leader)) {
    if (process->id.pid != leader) tree.insert(process->id);
  }
  return tree;
}

}  // namespace

void kill_below_hook(pid_t leader) {
  for (int round = 0; round < kKillRounds; ++round) {
    for (const os::ProcessId& process : below(leader)) {
      (void)os::signal_process(process, SIGKILL);
    }
  }
}

}  // namespace superd::daemon
