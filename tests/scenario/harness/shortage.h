#pragma once

#include <list>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

// Takes from running processes what they need: descriptors, processes.
namespace superd::scenario {

// The soft limit of another process, given back at the object's end.
class Limited {
 public:
  Limited(pid_t pid, int resource, rlim_t soft);
  ~Limited();
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  pid_t pid_;
  int resource_;
  rlimit before_{};
};

// The descriptors that the process has open, the lowest first.
std::vector<int> descriptors(pid_t pid);
// A limit that leaves the process no descriptor but the holes among those that it has.
rlim_t no_further_descriptor(pid_t pid);

// Processes that together have no more tasks than `most`: by the pids controller for root, whom
// RLIMIT_NPROC does not hold; for a user by that, which counts all of the user's. Given back at
// the object's end.
class FewTasks {
 public:
  FewTasks(const std::vector<pid_t>& pids, int most);
  ~FewTasks();
  FewTasks(const FewTasks&) = delete;
  FewTasks& operator=(const FewTasks&) = delete;

  // Whether this mode on this machine has a way.
  [[nodiscard]] static bool possible();

 private:
  std::string cgroup_;
  std::string above_;
  std::vector<pid_t> pids_;
  std::list<Limited> limits_;
};

}  // namespace superd::scenario
