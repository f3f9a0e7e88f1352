#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "core/spec.h"

// What the checks of a config need to know of the machine and of superd's own rights; a value, so
// that tests can make one up.
namespace superd::config {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Machine {
  uid_t uid = 0;
  gid_t gid = 0;
  // Rights, by effective capabilities: a root without them in a container is no root here.
  bool may_switch_user = false;
  bool may_raise_limits = false;
  bool may_chown = false;
  int lowest_nice = 0;                           // without any right more
  int lowest_oom_score_adj = 0;                  // without any right more
  std::uint64_t highest_nofile = 0;              // fs.nr_open: nobody may go above
  std::function<std::uint64_t(int)> hard_limit;  // of RLIMIT_x, RLIM_INFINITY: unlimited
  std::vector<int> cpus;                         // online ones
  // By name or by number; nothing where there is none.
  std::function<std::optional<Account>(const std::string&)> find_user;
  std::function<std::optional<gid_t>(const std::string&)> find_group;
  // What socket_shim preloads (base/shim_library.h); empty: taken to be there.
  std::function<Result<std::string>()> shim_library = {};
};
Machine this_machine();

// `0-3,5` -> {0, 1, 2, 3, 5}, sorted, each once; nothing for any other text.
std::optional<std::vector<int>> parse_cpu_list(std::string_view text);

}  // namespace superd::config
