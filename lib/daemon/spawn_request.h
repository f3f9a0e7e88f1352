#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "base/result.h"
#include "core/spec.h"
#include "daemon/recipe.h"
#include "os/spawn.h"

namespace superd::daemon {

// What differs between two spawns of a recipe, and what superd itself brings.
struct SpawnFacts {
  int worker = 1;
  std::vector<int> sockets{};                  // in `listen` order
  std::optional<std::string> worker_socket{};  // SUPERD_SOCKET
  std::string notify_socket{};
  std::vector<core::EnvEntry> inherited{};
  std::optional<rlim_t> nofile_soft{};
};

// Command, environment, directory, identity and limits of one process. Output and cgroup are left
// to the caller.
Result<os::SpawnRequest> make_spawn_request(const core::GroupSpec& group, const Recipe& recipe,
                                            const SpawnFacts& facts);

}  // namespace superd::daemon
