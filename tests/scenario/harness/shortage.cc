#include "harness/shortage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace superd::scenario {
namespace {

namespace fs = std::filesystem;

// Where the pids controller of cgroup v1 is mounted; empty: nowhere.
std::string pids_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - cgroup ");
    if (dash == std::string::npos) continue;
    const std::string options = "," + line.substr(line.rfind(' ') + 1) + ",";
    if (options.find(",pids,") == std::string::npos) continue;
    std::istringstream words(line);
    std::string id, parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    return point;
  }
  return "";
}

bool tell(const std::string& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text << std::flush;
  return stream.good();
}

}  // namespace

Limited::Limited(pid_t pid, int resource, rlim_t soft) : pid_(pid), resource_(resource) {
  const auto which = static_cast<__rlimit_resource>(resource);
  if (::prlimit(pid, which, nullptr, &before_) != 0) return;
  const rlimit less{.rlim_cur = soft, .rlim_max = before_.rlim_max};
  ::prlimit(pid, which, &less, nullptr);
}

Limited::~Limited() {
  ::prlimit(pid_, static_cast<__rlimit_resource>(resource_), &before_, nullptr);
}

std::vector<int> descriptors(pid_t pid) {
  std::vector<int> numbers;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
    numbers.push_back(std::stoi(entry.path().filename()));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

rlim_t no_further_descriptor(pid_t pid) {
  const std::vector<int> open = descriptors(pid);
  return open.empty() ? 3 : static_cast<rlim_t>(open.back()) + 1;
}

bool FewTasks::possible() { return ::geteuid() != 0 || !pids_mount().empty(); }

FewTasks::FewTasks(const std::vector<pid_t>& pids, int most) : pids_(pids) {
  if (::geteuid() != 0) {
    for (const pid_t pid : pids) {
      limits_.emplace_back(pid, RLIMIT_NPROC, static_cast<rlim_t>(most));
    }
    return;
  }
  above_ = pids_mount();
  if (above_.empty()) return;
  cgroup_ = above_ + "/superd-test-" + std::to_string(::getpid());
  std::error_code failed;
  fs::create_directory(cgroup_, failed);
  for (const pid_t pid : pids) tell(cgroup_ + "/cgroup.procs", std::to_string(pid));
  tell(cgroup_ + "/pids.max", std::to_string(most));
}

FewTasks::~FewTasks() {
  if (cgroup_.empty()) return;
  tell(cgroup_ + "/pids.max", "max");
  // What was made meanwhile is in there too.
  for (int round = 0; round < 100; ++round) {
    std::ifstream members(cgroup_ + "/cgroup.procs");
    for (std::string pid; members >> pid;) tell(above_ + "/cgroup.procs", pid);
    if (::rmdir(cgroup_.c_str()) == 0) return;
    ::usleep(10'000);
  }
}

}  // namespace superd::scenario
