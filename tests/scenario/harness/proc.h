#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

// What /proc says about processes. A process that is gone has no children, no state, no text.
namespace superd::scenario::proc {

// Exists and is no zombie.
bool alive(pid_t pid);
// `R`, `S`, `Z` …; a space when it is gone.
char state(pid_t pid);
pid_t parent(pid_t pid);
std::vector<pid_t> children(pid_t pid);
std::vector<pid_t> descendants(pid_t pid);
// The words of its command line, with a space between them.
std::string command(pid_t pid);
std::map<std::string, std::string> environment(pid_t pid);
// All living processes one of whose variables has that text in its value: also those that nobody
// below the test knows any more.
std::vector<pid_t> marked(const std::string& text);
// What a line of /proc/PID/status says after `key:` and the blanks.
std::string status(pid_t pid, const std::string& key);
// Its cgroup v2 below the mount: `/superd-0123abcd/17`.
std::string cgroup(pid_t pid);
// Whether a cgroup v2 hierarchy of this machine has that cgroup.
bool cgroup_exists(const std::string& path);
// Every zombie among the descendants.
std::vector<pid_t> zombies_below(pid_t pid);

}  // namespace superd::scenario::proc
