#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/process.h"

// Users, groups, and who is at the other end of a unix connection.
namespace superd::os {

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;  // primary group
  std::string home;
  std::string shell;
};

// These ask the machine's name service and may wait for it: call them when a recipe is made, never
// for each spawn. A text of digits that is no name is taken as a number.
// ENOENT: `no user "www-dta"`.
Result<User> find_user(const std::string& name);
// A uid without an entry gives a User with the number as its name, home `/`, shell `/bin/sh`.
Result<User> find_user(uid_t uid);
Result<gid_t> find_group(const std::string& name);
// Everything initgroups(3) would set, the primary group included, sorted, each once.
Result<std::vector<gid_t>> supplementary_groups(const User& user);

enum class Privileged { no, yes };
// Whether superd may become another user (effective uid 0).
Privileged own_privilege();

// The process that called connect(2), as it was then.
struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;   // 0: in a PID namespace that is not seen from here
  UniqueFd pidfd;  // empty: it has ended before it could be opened, or pid is 0
  // Set only where it is certain to belong to the peer: the pidfd was taken from the connection,
  // or the process still lived when asked (on kernels before 6.5 it may then have taken over the
  // PID while the connection waited in the queue).
  std::optional<ProcessId> process;
};
Result<Peer> peer_of(int connection);

}  // namespace superd::os
