#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Where the cgroup v2 hierarchy is mounted, and where in it a superd may make its own directory.
namespace superd::os {

struct CgroupMount {
  std::string path;  // of the mount point
  std::string root;  // what of the hierarchy is mounted there: `/`, in some containers deeper
};
// From the text of /proc/self/mountinfo. Of several mounts the one of the whole hierarchy.
std::optional<CgroupMount> find_cgroup2_mount(std::string_view mountinfo);

// The v2 line of a /proc/PID/cgroup: `/system.slice/superd.service`.
std::optional<std::string> cgroup2_of(std::string_view proc_cgroup);

// A directory in which superd may try to make its own.
struct CgroupPlace {
  std::string path;         // in the file system
  std::string kernel_path;  // as /proc/PID/cgroup shows it; `/` at the top
};
// In the order of preference for this process; an error where cgroup v2 is not mounted or offers
// none.
Result<std::vector<CgroupPlace>> cgroup_places();

// Whether the path leads into a login session, whose end kills everything in it.
bool is_in_login_session(std::string_view kernel_path);

}  // namespace superd::os
