#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/child.h"
#include "daemon/private_sockets.h"
#include "daemon/spawner.h"
#include "loop/poll.h"
#include "loop/timer.h"

namespace superd::daemon {

// One spawn as the edge sees it, from the order to spawn until it is forgotten.
struct Spawner::Process {
  core::SpawnId id{};
  core::WorkerRef worker;
  core::SpecPtr group;  // of its generation
  int generation = 0;
  bool cancelled = false;  // asked to leave before a process was made
  bool main_gone = false;  // and the core was told
  bool main_told = false;  // it was asked to leave
  bool tree_told = false;
  bool killed = false;                     // by superd
  std::optional<std::uint64_t> oom_kills;  // os::oom_kills() when superd began to look after it
  std::optional<std::uint64_t> number;     // os::process_number()
  uid_t uid = 0;                           // as which it was started
  gid_t gid = 0;
  std::string status;  // STATUS= of sd_notify
  std::string notify_path;
  std::vector<UniqueFd> output;  // read ends, for a logger that starts anew
  UniqueFd transit;              // os::make_transit_pipe(); empty: not of format raw
  std::vector<PrivateSocket> sockets;

  std::optional<Child> main;  // empty: no process was made
  UniqueFd notify;
  UniqueFd ready;  // read end of {fd:ready}; empty: the group has none
  // Ends before its descriptor.
  std::optional<loop::Poll> notify_poll;
  std::optional<loop::Timer> watch_again;
};

// `out/17/web.1`: what the keeper holds for a spawn, under names that a later supervisor can read.
// With overflow = block `block/17/web.1`, of which the keeper never throws anything away.
std::string output_item(core::SpawnId spawn, const core::WorkerRef& worker,
                        core::LogOverflow overflow);
bool is_output_item(std::string_view name);
std::string transit_item(core::SpawnId spawn, const core::WorkerRef& worker);
std::string notify_item(core::SpawnId spawn, const core::WorkerRef& worker);
std::string private_item(core::SpawnId spawn, const core::WorkerRef& worker);
std::string ready_item(core::SpawnId spawn, const core::WorkerRef& worker);

}  // namespace superd::daemon
