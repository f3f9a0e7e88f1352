#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/worker_ref.h"
#include "os/process.h"

namespace superd::daemon {

// What a later supervisor has to know of a spawn's main process to go on with it.
struct ProcessRecord {
  core::SpawnId spawn{};
  core::WorkerRef worker;
  int generation = 0;
  os::ProcessId main;
  std::optional<std::uint64_t> number;  // os::process_number()
  uid_t uid = 0;                        // as which it was started
  gid_t gid = 0;
  std::string status;      // STATUS= of sd_notify
  bool main_told = false;  // the stop signal was sent to it
  bool tree_told = false;  // and to all of its tree
};

}  // namespace superd::daemon
