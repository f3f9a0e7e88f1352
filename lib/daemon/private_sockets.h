#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/spec.h"
#include "core/worker_ref.h"

// The private listening sockets of one spawn: those of its group's `listen` that no other process
// has, for superd to ask this very worker.
namespace superd::daemon {

struct PrivateSocket {
  UniqueFd fd;
  std::string address;  // as {addr:NAME} gives it: `127.0.0.1:43211`, `[::1]:43211`, a unix path
};

// Of one spawn: where its unix sockets are, and whose.
struct PrivatePlace {
  std::string dir;  // made, 0711, where it is needed and missing
  core::SpawnId spawn{};
  // nothing: superd's own
  std::optional<uid_t> owner_uid{};
  std::optional<gid_t> owner_gid{};
};

// In `listen` order: TCP on a loopback port that the kernel chooses, or unix with mode 0600 at
// DIR/SPAWN.0, DIR/SPAWN.1 …; each listens from here on. Fails with the reason; what was made by
// then goes with the spawn's paths.
Result<std::vector<PrivateSocket>> open_private_sockets(const core::GroupSpec& group,
                                                        const PrivatePlace& place);
// Removes the paths of a spawn's unix sockets, if there are any.
void remove_private_paths(const std::string& dir, core::SpawnId spawn);

// `RUNTIME_DIR/private`
std::string private_dir(const std::string& runtime_dir);
// Removes the paths of all spawns: none of a superd before this one is left.
void clear_private_dir(const std::string& dir);

// What a spawn gets, in `listen` order: descriptors borrowed from both, and addresses as
// {addr:NAME} gives them. `shared`: as Listeners::fds.
struct SpawnSockets {
  std::vector<int> fds;
  std::vector<std::string> addresses;
};
SpawnSockets in_listen_order(const core::GroupSpec& group, const std::vector<int>& shared,
                             const std::vector<PrivateSocket>& own);

}  // namespace superd::daemon
