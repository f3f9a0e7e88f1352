#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/spawner.h"
#include "loop/poll.h"
#include "os/process.h"
#include "os/spawn.h"

namespace superd::daemon {

// One spawn as the edge sees it, from the order to spawn until it is forgotten.
struct Spawner::Process {
  core::SpawnId id{};
  core::WorkerRef worker;
  const core::GroupSpec* group = nullptr;
  int generation = 0;
  bool launched = false;   // a process was made
  bool cancelled = false;  // asked to leave before that
  bool main_gone = false;
  bool starting = false;  // its readiness is watched
  os::ProcessId main;
  uid_t uid = 0;  // as which it was started
  gid_t gid = 0;
  os::SpawnRequest request;  // until the program runs: for the words of a failure
  std::optional<std::string> exec_failure;
  std::string status;  // STATUS= of sd_notify
  std::string notify_path;
  std::vector<UniqueFd> output;  // read ends, for a logger that starts anew

  UniqueFd pidfd;
  UniqueFd exec_status;
  UniqueFd notify;
  UniqueFd ready;  // read end of {fd:ready}; empty: the group has none
  // Polls end before their descriptors.
  std::optional<loop::Poll> exit_poll;
  std::optional<loop::Poll> exec_poll;
  std::optional<loop::Poll> notify_poll;
};

// `out/17/web.1`: what the keeper holds for a spawn, under names that a later supervisor can read.
std::string output_item(core::SpawnId spawn, const core::WorkerRef& worker);
std::string notify_item(core::SpawnId spawn, const core::WorkerRef& worker);
std::string ready_item(core::SpawnId spawn, const core::WorkerRef& worker);

}  // namespace superd::daemon
