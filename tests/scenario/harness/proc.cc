#include "harness/proc.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/syscall.h>
#include <unistd.h>

// In place of libc's: what a test asked superd for may be -1, "no such process", and that is every
// process of the machine to kill(2).
extern "C" int kill(pid_t pid, int signal) noexcept {
  if (pid > 1 || pid < -1) return static_cast<int>(::syscall(SYS_kill, pid, signal));
  errno = ESRCH;
  return -1;
}

namespace superd::scenario::proc {
namespace {

std::string read(pid_t pid, const std::string& file) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
  // A process that goes while it is looked at fails the read, which an iterator would throw.
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> split_at_nul(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, '\0');) parts.push_back(part);
  return parts;
}

}  // namespace

char state(pid_t pid) {
  const std::string stat = read(pid, "stat");
  const std::size_t end = stat.rfind(')');
  return end == std::string::npos || end + 2 >= stat.size() ? ' ' : stat[end + 2];
}

bool alive(pid_t pid) {
  const char letter = state(pid);
  return letter != ' ' && letter != 'Z' && letter != 'X';
}

pid_t parent(pid_t pid) {
  const std::string text = status(pid, "PPid");
  return text.empty() ? -1 : std::stoi(text);
}

std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> pids;
  std::istringstream stream(read(pid, "task/" + std::to_string(pid) + "/children"));
  for (pid_t child = 0; stream >> child;) pids.push_back(child);
  return pids;
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> all = children(pid);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<pid_t> more = children(all[i]);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string command(pid_t pid) {
  std::string text;
  for (const std::string& word : split_at_nul(read(pid, "cmdline"))) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::map<std::string, std::string> environment(pid_t pid) {
  std::map<std::string, std::string> variables;
  for (const std::string& entry : split_at_nul(read(pid, "environ"))) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return variables;
}

std::vector<pid_t> marked(const std::string& text) {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || !alive(pid)) continue;
    const std::map<std::string, std::string> variables = environment(pid);
    if (std::any_of(variables.begin(), variables.end(), [&text](const auto& variable) {
          return variable.second.find(text) != std::string::npos;
        })) {
      pids.push_back(pid);
    }
  }
  return pids;
}

std::string status(pid_t pid, const std::string& key) {
  std::istringstream stream(read(pid, "status"));
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key + ":", 0) != 0) continue;
    const std::size_t start = line.find_first_not_of(" \t", key.size() + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return {};
}

std::string cgroup(pid_t pid) {
  std::istringstream stream(read(pid, "cgroup"));
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  }
  return {};
}

bool cgroup_exists(const std::string& path) {
  const std::vector<std::string> mounts = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
  return std::any_of(mounts.begin(), mounts.end(), [&path](const std::string& mount) {
    return std::filesystem::exists(mount + path + "/cgroup.procs");
  });
}

std::vector<pid_t> zombies_below(pid_t pid) {
  std::vector<pid_t> all = descendants(pid);
  all.erase(std::remove_if(all.begin(), all.end(), [](pid_t p) { return state(p) != 'Z'; }),
            all.end());
  return all;
}

}  // namespace superd::scenario::proc
