#include "roles.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "daemon/supervisor.h"
#include "descriptors.h"
#include "keeper/keeper.h"
#include "keeper/keeper_link.h"
#include "logs/logger.h"
#include "os/limits.h"

namespace superd::front {
namespace {

log::Level level_named(const std::string& name) {
  if (name == "error") return log::Level::error;
  if (name == "warn") return log::Level::warn;
  if (name == "debug") return log::Level::debug;
  return log::Level::info;
}

// Signals meant for superd go to the keeper. One that is sent to all of its processes, as `pkill`
// and service managers do, must not end these two in the middle of their work.
void ignore_forwarded_signals() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
    ::sigaction(number, &ignore, nullptr);
  }
}

std::vector<std::string> child_argv(const RoleOptions& options, const char* role) {
  RoleOptions child = options;
  child.role = role;
  child.runtime_dir_fd = -1;
  child.ready_fd = -1;
  child.program.clear();
  return to_argv(child);
}

// Of the keeper that an upgrade makes of this one.
std::vector<std::string> successor_argv(const RoleOptions& options) {
  RoleOptions successor = options;
  successor.runtime_dir_fd = -1;
  successor.ready_fd = -1;
  return to_argv(successor);
}

int be_keeper(const RoleOptions& options) {
  if (options.check_resume_fd >= 0) {
    if (const int journal = daemon::check_journal(options.journal); journal != 0) return journal;
    return keeper::check_resume(options.check_resume_fd);
  }
  keeper::KeeperOptions keeper;
  keeper.given = keeper::take_listen_fds();
  // They came through exec on purpose; from here on nothing may.
  close_on_exec_from(3);
  keeper.runtime_dir = UniqueFd(options.runtime_dir_fd);
  keeper.ready = UniqueFd(options.ready_fd);
  Result<UniqueFd> program = open_own_program();
  if (!program) {
    log::error("{}", program.error().message);
    return 1;
  }
  keeper.program = std::move(*program);
  keeper.resume = UniqueFd(options.resume_fd);
  keeper.program_path = options.program;
  keeper.argv = successor_argv(options);
  keeper.supervisor_argv = child_argv(options, "supervisor");
  keeper.logger_argv = child_argv(options, "logger");
  return keeper::run_keeper(std::move(keeper));
}

int be_supervisor(const RoleOptions& options) {
  ignore_forwarded_signals();
  // Somebody may have lowered the keeper's limit, which is inherited, since superd began.
  (void)os::raise_nofile_limit();
  daemon::SupervisorOptions supervisor;
  supervisor.config_file = options.config_file;
  supervisor.journal = options.journal;
  supervisor.keeper_fd = keeper::kLinkFd;
  if (options.nofile_soft >= 0) supervisor.nofile_soft = static_cast<rlim_t>(options.nofile_soft);
  return daemon::run_supervisor(supervisor);
}

int be_logger() {
  ignore_forwarded_signals();
  return logs::run_logger({.keeper_fd = keeper::kLinkFd});
}

}  // namespace

int run_role(const RoleOptions& options) {
  log::configure({.level = level_named(options.log_level),
                  .format = options.log_format == "json" ? log::Format::json : log::Format::text,
                  .process = options.role});
  log::keep_file(options.log_file);
  if (options.role == "keeper") return be_keeper(options);
  return options.role == "supervisor" ? be_supervisor(options) : be_logger();
}

}  // namespace superd::front
