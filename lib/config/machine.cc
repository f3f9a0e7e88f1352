#include "config/machine.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>
#include <string_view>

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"
#include "base/shim_library.h"
#include "base/text.h"

namespace superd::config {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLastBuffer = std::size_t{4} << 20;
constexpr std::size_t kMostCpus = 65536;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return std::string(trim(line));
}

std::uint64_t effective_capabilities() {
  constexpr std::string_view kKey = "CapEff:";
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, kKey.size(), kKey) != 0) continue;
    const auto digits = trim(std::string_view(line).substr(kKey.size()));
    return to_number<std::uint64_t>(digits, 16).value_or(0);
  }
  // Without /proc: what root and others have by default.
  return ::geteuid() == 0 ? std::numeric_limits<std::uint64_t>::max() : 0;
}

// Calls one of the get…_r functions with a growing buffer; whether it found an entry.
template <class Entry, class Call>
bool look_up(Entry& entry, std::vector<char>& buffer, const Call& call) {
  for (buffer.resize(kFirstBuffer); buffer.size() <= kLastBuffer;
       buffer.resize(buffer.size() * 2)) {
    Entry* found = nullptr;
    const int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return error == 0 && found != nullptr;
  }
  return false;
}

std::optional<Account> find_user(const std::string& name) {
  passwd entry{};
  std::vector<char> buffer;
  bool found = look_up(entry, buffer, [&](passwd* to, char* data, std::size_t size, passwd** out) {
    return ::getpwnam_r(name.c_str(), to, data, size, out);
  });
  const auto uid = to_number<uid_t>(name);
  if (!found && uid) {
    found = look_up(entry, buffer, [&](passwd* to, char* data, std::size_t size, passwd** out) {
      return ::getpwuid_r(*uid, to, data, size, out);
    });
  }
  if (!found) return std::nullopt;
  return Account{.name = entry.pw_name, .uid = entry.pw_uid, .gid = entry.pw_gid};
}

std::optional<gid_t> find_group(const std::string& name) {
  group entry{};
  std::vector<char> buffer;
  const bool found =
      look_up(entry, buffer, [&](group* to, char* data, std::size_t size, group** out) {
        return ::getgrnam_r(name.c_str(), to, data, size, out);
      });
  if (found) return entry.gr_gid;
  // A group needs no entry to be used: only its number counts.
  return to_number<gid_t>(name);
}

std::uint64_t hard_limit(int resource) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return RLIM_INFINITY;
  return limit.rlim_max;
}

int lowest_nice(bool may_raise) {
  if (may_raise) return -20;
  const int now = ::getpriority(PRIO_PROCESS, 0);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur == 0) return now;
  if (limit.rlim_cur >= 40) return -20;
  return std::min(now, 20 - static_cast<int>(limit.rlim_cur));
}

std::vector<int> online_cpus() {
  if (const auto cpus = parse_cpu_list(first_line("/sys/devices/system/cpu/online"))) return *cpus;
  std::vector<int> cpus;
  for (int cpu = 0; cpu < static_cast<int>(::sysconf(_SC_NPROCESSORS_CONF)); ++cpu) {
    cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace

Machine this_machine() {
  const std::uint64_t capabilities = effective_capabilities();
  const auto may = [&](unsigned capability) { return (capabilities >> capability & 1U) != 0; };
  constexpr std::uint64_t kUsualNrOpen = 1048576;
  return {.uid = ::geteuid(),
          .gid = ::getegid(),
          .may_switch_user = may(CAP_SETUID) && may(CAP_SETGID),
          .may_raise_limits = may(CAP_SYS_RESOURCE),
          .may_chown = may(CAP_CHOWN),
          .lowest_nice = lowest_nice(may(CAP_SYS_NICE)),
          .lowest_oom_score_adj =
              may(CAP_SYS_RESOURCE)
                  ? -1000
                  : to_number<int>(first_line("/proc/self/oom_score_adj")).value_or(0),
          .highest_nofile =
              to_number<std::uint64_t>(first_line("/proc/sys/fs/nr_open")).value_or(kUsualNrOpen),
          .hard_limit = hard_limit,
          .cpus = online_cpus(),
          .find_user = find_user,
          .find_group = find_group,
          .shim_library = find_shim_library};
}

std::optional<std::vector<int>> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  for (const std::string& part : split(text, ',')) {
    const std::string_view range = trim(part);
    const auto dash = range.find('-');
    const auto first = to_number<int>(range.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : to_number<int>(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= static_cast<int>(kMostCpus)) {
      return std::nullopt;
    }
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (cpus.size() > 2 * kMostCpus) return std::nullopt;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

}  // namespace superd::config
