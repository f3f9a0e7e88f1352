#include "os/spawn_plan.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "os/read_file.h"

namespace superd::os {
namespace {

constexpr std::string_view kListenPid = "LISTEN_PID=";
constexpr std::string_view kPath = "PATH=";
// What execvp(3) takes where PATH is not set.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";
constexpr int kMaxCpus = 8192;

// execve takes pointers to char, and changes nothing behind them.
char* pointer(const std::string& text) { return const_cast<char*>(text.c_str()); }

std::string_view search_path(const std::vector<std::string>& env) {
  for (const std::string& entry : env) {
    if (entry.starts_with(kPath)) return std::string_view(entry).substr(kPath.size());
  }
  return kDefaultPath;
}

std::optional<int> wanted_oom_score_adj(const SpawnRequest& request) {
  if (request.oom_score_adj) return request.oom_score_adj;
  const Result<std::string> own = read_file("/proc/self/oom_score_adj");
  if (own && own->starts_with('-')) return 0;
  return std::nullopt;
}

void plan_environment(SpawnPlan& plan) {
  constexpr std::size_t kDigits = 20;
  plan.listen_pid.assign(kListenPid.begin(), kListenPid.end());
  plan.listen_pid.resize(kListenPid.size() + kDigits + 1);
  for (const std::string& entry : plan.request->env) {
    plan.envp.push_back(entry == kListenPid ? plan.listen_pid.data() : pointer(entry));
  }
  plan.envp.push_back(nullptr);
}

Status plan_rlimits(SpawnPlan& plan) {
  plan.rlimits = plan.request->rlimits;
  const bool named = std::any_of(plan.rlimits.begin(), plan.rlimits.end(),
                                 [](const auto& l) { return l.resource == RLIMIT_NOFILE; });
  if (named || !plan.request->nofile_soft) return {};
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return fail_errno("cannot read RLIMIT_NOFILE", errno);
  plan.rlimits.push_back({.resource = RLIMIT_NOFILE,
                          .soft = std::min(*plan.request->nofile_soft, now.rlim_max),
                          .hard = now.rlim_max});
  return {};
}

Status plan_cpus(SpawnPlan& plan) {
  constexpr std::size_t kBits = sizeof(unsigned long) * CHAR_BIT;
  for (const int cpu : plan.request->cpus) {
    if (cpu < 0 || cpu >= kMaxCpus) return fail(fmt::format("no CPU {}", cpu), EINVAL);
    const auto bit = static_cast<std::size_t>(cpu);
    if (plan.cpu_mask.size() <= bit / kBits) plan.cpu_mask.resize(bit / kBits + 1);
    plan.cpu_mask[bit / kBits] |= 1UL << (bit % kBits);
  }
  return {};
}

void plan_groups(SpawnPlan& plan) {
  if (!plan.request->identity) return;
  plan.groups = plan.request->identity->groups;
  std::sort(plan.groups.begin(), plan.groups.end());
  plan.groups.erase(std::unique(plan.groups.begin(), plan.groups.end()), plan.groups.end());
  plan.groups_read_back.resize(plan.groups.size() + 1);
}

}  // namespace

std::vector<std::string> program_candidates(const SpawnRequest& request) {
  const std::string& program = request.argv.front();
  if (program.empty()) return {};
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> found;
  std::string_view rest = search_path(request.env);
  while (true) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    // An empty entry is the working directory.
    found.push_back(directory.empty() ? "./" + program : fmt::format("{}/{}", directory, program));
    if (colon == std::string_view::npos) return found;
    rest.remove_prefix(colon + 1);
  }
}

Result<SpawnPlan> make_spawn_plan(const SpawnRequest& request) {
  if (request.argv.empty()) return fail("a command needs at least a program", EINVAL);
  SpawnPlan plan;
  plan.request = &request;
  for (const std::string& argument : request.argv) plan.argv.push_back(pointer(argument));
  plan.argv.push_back(nullptr);
  plan_environment(plan);
  plan.programs = program_candidates(request);
  plan.sources = {request.stdin_fd, request.stdout_fd, request.stderr_fd};
  plan.sources.insert(plan.sources.end(), request.sockets.begin(), request.sockets.end());
  if (Status done = plan_rlimits(plan); !done) return tl::unexpected(done.error());
  if (const auto score = wanted_oom_score_adj(request)) plan.oom_score_adj = std::to_string(*score);
  if (Status done = plan_cpus(plan); !done) return tl::unexpected(done.error());
  plan_groups(plan);
  plan.cgroup_procs_fd = request.cgroup_procs_fd;
  return plan;
}

}  // namespace superd::os
