#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/spec.h"
#include "daemon/recipe.h"
#include "os/connect.h"

// socket_shim: what lets a runner that only binds by itself have the sockets that superd holds
// (lib/shim).
namespace superd::daemon {

// The two variables by which the library finds its way, in an environment of `NAME=VALUE`:
// LD_PRELOAD, behind what the group preloads itself, and SUPERD_SHIM, the descriptors from 3 on
// with their backlogs. `stand_for`: the address at which a program gets each of them by bind();
// empty: their own.
void add_shim_variables(const std::string& library, const std::vector<core::ListenSpec>& listen,
                        const std::vector<os::SocketAddress>& stand_for,
                        std::vector<std::string>& environment);
// The same with the library of this superd; fails where there is none.
Status add_shim(const core::GroupSpec& group, const std::vector<os::SocketAddress>& stand_for,
                std::vector<std::string>& environment);

// Refuses a program that no library can be preloaded into, with the remedy. Reads files: for the
// thread pool. A program that is not found is for the exec to report.
Status check_shim_programs(const Recipe& recipe);

}  // namespace superd::daemon
