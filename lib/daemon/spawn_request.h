#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "base/result.h"
#include "core/spec.h"
#include "daemon/recipe.h"
#include "os/connect.h"
#include "os/spawn.h"

namespace superd::daemon {

// What differs between two processes of a recipe, and what superd itself brings.
struct SpawnFacts {
  int worker = 1;
  std::vector<int> sockets{};                  // in `listen` order
  std::vector<std::string> addresses{};        // of these, private ones too
  int ready_fd = -1;                           // what {fd:ready} names; -1: nothing
  std::optional<std::string> worker_socket{};  // SUPERD_SOCKET
  std::optional<std::string> notify_socket{};
  std::optional<std::string> errand{};  // SUPERD_ERRAND: it runs beside the workers
  std::vector<core::EnvEntry> inherited{};
  std::optional<rlim_t> nofile_soft{};
};

// Command, environment, directory, identity and limits of a worker's main process. Output and
// cgroup are left to the caller.
Result<os::SpawnRequest> make_spawn_request(const Recipe& recipe, const SpawnFacts& facts);

// The same for another command that runs beside the workers: without sockets and without any word
// of them.
Result<os::SpawnRequest> make_errand_request(const Recipe& recipe,
                                             const std::vector<std::string>& command,
                                             const SpawnFacts& facts);

// Sockets that a process of a group gets in place of all that the group has; descriptors borrowed
// until it is made.
struct Stage {
  core::SpecPtr group;
  std::vector<int> sockets;            // in `listen` order
  std::vector<std::string> addresses;  // of these, as {addr:NAME} gives them
  // socket_shim: the address at which a program that binds gets each of them.
  std::vector<os::SocketAddress> stand_for;
};
// The recipe's command on such a stage. {fd:ready}, behind the sockets, is left to the caller.
Result<os::SpawnRequest> make_staged_request(const Recipe& recipe, const Stage& stage,
                                             SpawnFacts facts);

}  // namespace superd::daemon
