#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/read_file.h"
#include "os/spawn.h"
#include "os/spawn_child.h"
#include "os/spawn_plan.h"

namespace superd::os {
namespace {

std::string limit_value(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

std::string resource_name(int resource) {
  struct Named {
    int resource;
    const char* name;
  };
  constexpr std::array kNames = {Named{RLIMIT_NOFILE, "nofile"}, Named{RLIMIT_CORE, "core"},
                                 Named{RLIMIT_AS, "as"}, Named{RLIMIT_NPROC, "nproc"}};
  for (const Named& named : kNames) {
    if (named.resource == resource) return named.name;
  }
  return fmt::format("limit {}", resource);
}

std::string limit_text(int resource, const SpawnRequest& request) {
  for (const ResourceLimit& limit : request.rlimits) {
    if (limit.resource != resource) continue;
    return fmt::format("set {} to {}:{}", resource_name(resource), limit_value(limit.soft),
                       limit_value(limit.hard));
  }
  return fmt::format("set {}", resource_name(resource));
}

std::string attempted(const ExecFailure& failure, const SpawnRequest& request) {
  const std::string who = request.identity ? request.identity->name : "";
  switch (failure.stage) {
    case Stage::rlimit:
      return limit_text(failure.detail, request);
    case Stage::nice:
      return fmt::format("nice {}", request.nice.value_or(0));
    case Stage::oom_score_adj:
      return fmt::format("oom_score_adj {}", request.oom_score_adj.value_or(0));
    case Stage::setgroups:
    case Stage::setgid:
    case Stage::setuid:
    case Stage::verify_identity:
      return fmt::format("{} {}", name(failure.stage), who);
    case Stage::chdir:
      return fmt::format("chdir {}", request.directory);
    case Stage::exec:
      return fmt::format("exec {}", request.argv.empty() ? "" : request.argv.front());
    case Stage::setsid:
    case Stage::descriptors:
    case Stage::cgroup:
    case Stage::cpus:
    case Stage::umask:
    case Stage::no_new_privileges:
    case Stage::signals:
      return name(failure.stage);
  }
  std::abort();
}

std::string in_directory(const std::string& path, const SpawnRequest& request) {
  if (path.starts_with('/') || request.directory.empty()) return path;
  return request.directory + "/" + path;
}

// ENOENT for a program that is there: what is missing is the interpreter of its first line, as in
// a virtual environment that was moved.
std::string missing_interpreter(const SpawnRequest& request) {
  for (const std::string& candidate : program_candidates(request)) {
    const std::string program = in_directory(candidate, request);
    struct stat there {};
    if (::stat(program.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) continue;
    const Result<std::string> start = read_file(program, 256);
    if (!start || !start->starts_with("#!"))
      return fmt::format("{} needs a missing loader", program);
    std::string line = start->substr(2, start->find('\n') - 2);
    line.erase(0, line.find_first_not_of(" \t"));
    const std::string interpreter = line.substr(0, line.find_first_of(" \t\r"));
    return fmt::format("{} needs the interpreter {}", program, interpreter);
  }
  return "";
}

std::string hint(const ExecFailure& failure, const SpawnRequest& request) {
  if (failure.stage != Stage::exec || request.argv.empty()) return "";
  if (failure.code == ENOEXEC) return "it is no program and has no #! line";
  if (failure.code == ENOENT) return missing_interpreter(request);
  return "";
}

}  // namespace

const char* name(Stage stage) {
  switch (stage) {
    case Stage::setsid:
      return "setsid";
    case Stage::descriptors:
      return "pass descriptors";
    case Stage::cgroup:
      return "enter cgroup";
    case Stage::rlimit:
      return "setrlimit";
    case Stage::nice:
      return "nice";
    case Stage::oom_score_adj:
      return "oom_score_adj";
    case Stage::cpus:
      return "set cpus";
    case Stage::umask:
      return "umask";
    case Stage::setgroups:
      return "setgroups";
    case Stage::setgid:
      return "setgid";
    case Stage::setuid:
      return "setuid";
    case Stage::verify_identity:
      return "verify identity";
    case Stage::no_new_privileges:
      return "no_new_privileges";
    case Stage::chdir:
      return "chdir";
    case Stage::signals:
      return "reset signals";
    case Stage::exec:
      return "exec";
  }
  std::abort();
}

Result<std::optional<ExecReport>> read_exec_status(int fd) {
  ExecStatusRecord record;
  ssize_t got = 0;
  do {
    got = ::read(fd, &record, sizeof record);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got < 0) return fail_errno("cannot read the exec status", errno);
  if (got == 0) return ExecReport{};
  if (static_cast<std::size_t>(got) != sizeof record || record.stage < 0 ||
      record.stage > static_cast<int>(Stage::exec)) {
    return fail("the exec status makes no sense", EPROTO);
  }
  return ExecReport{.failure = ExecFailure{.stage = static_cast<Stage>(record.stage),
                                           .code = record.code,
                                           .detail = record.detail}};
}

std::string describe(const ExecFailure& failure, const SpawnRequest& request) {
  std::string text = fmt::format("{}: {}", attempted(failure, request),
                                 std::generic_category().message(failure.code));
  const std::string why = hint(failure, request);
  if (!why.empty()) text += fmt::format(" ({})", why);
  return text;
}

}  // namespace superd::os
