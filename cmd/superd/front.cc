#include "front.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "config/load_here.h"
#include "config/report.h"
#include "descriptors.h"
#include "detach.h"
#include "keeper/keeper.h"
#include "keeper/listen_fds.h"
#include "keeper/pid_file.h"
#include "os/limits.h"
#include "os/name_hash.h"
#include "os/runtime_dir.h"
#include "os/runtime_guard.h"
#include "role_options.h"

namespace superd::front {
namespace {

void say(const std::string& message) { fmt::print(stderr, "superd: {}\n", message); }

Result<UniqueFd> take_runtime_dir(const std::string& path) {
  Result<UniqueFd> directory = os::open_runtime_dir(path);
  if (!directory) return directory;
  const Status locked = os::lock_runtime_dir(directory->get(), path);
  if (locked) {
    const pid_t lives_on = os::guard_of_runtime_dir(directory->get(), keeper::kKeeperComm);
    if (lives_on == 0) return directory;
    return fail(fmt::format("another superd (process {0}) was started on {1} and lives on, though "
                            "that directory was moved or removed since: end it, with its workers, "
                            "by `kill -TERM {0}`",
                            lives_on, path),
                EWOULDBLOCK);
  }
  if (locked.error().code != EWOULDBLOCK) return tl::unexpected(locked.error());
  const pid_t other = keeper::read_pid_file(directory->get());
  return fail(other > 0
                  ? fmt::format("another superd (process {}) runs on {}; superctl talks to it, a "
                                "second one needs a runtime_dir of its own",
                                other, path)
                  : fmt::format("another superd runs on {}", path),
              EWOULDBLOCK);
}

const char* name(core::LogLevel level) {
  switch (level) {
    case core::LogLevel::error:
      return "error";
    case core::LogLevel::warn:
      return "warn";
    case core::LogLevel::info:
      return "info";
    case core::LogLevel::debug:
      return "debug";
  }
  std::abort();
}

const char* name(core::DaemonLogFormat format) {
  switch (format) {
    case core::DaemonLogFormat::text:
      return "text";
    case core::DaemonLogFormat::json:
      return "json";
  }
  std::abort();
}

// Replaces this image by the keeper's, so that nothing of the config stays in the process that
// lives longest. Returns only where that fails.
int become_keeper(const RoleOptions& options) {
  Result<UniqueFd> program = open_own_program();
  if (!program) {
    say(program.error().message);
    return 1;
  }
  for (const int fd : {options.runtime_dir_fd, options.ready_fd}) {
    if (fd >= 0) ::fcntl(fd, F_SETFD, 0);
  }
  // What a service manager gives, the keeper takes.
  const int given = keeper::count_listen_fds().value_or(0);
  for (int fd = 3; fd < 3 + given; ++fd) ::fcntl(fd, F_SETFD, 0);
  const std::vector<std::string> argv = to_argv(options);
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execveat(program->get(), "", arguments.data(), environ, AT_EMPTY_PATH);
  say(fmt::format("cannot execute superd's own program: {}",
                  std::generic_category().message(errno)));
  return 1;
}

// Nothing where the config has errors; they are printed then.
std::optional<config::Loaded> load_config(const std::string& file) {
  config::Loaded loaded = config::load_here(file);
  for (const config::ConfigError& error : loaded.errors) {
    fmt::print(stderr, "{}\n", config::to_string(error));
  }
  if (!loaded.errors.empty()) return std::nullopt;
  return loaded;
}

// A runtime directory of root's is on a file system in memory as a rule; the one of another user
// may be swept, so that its journal is kept with the user's state, where there is a place for it.
std::string journal_path(const std::string& runtime_dir) {
  const config::Surroundings who = config::this_process();
  std::string beside = runtime_dir + "/journal";
  if (who.uid == 0) return beside;
  const std::string state = config::default_directories(who).state_dir;
  std::error_code failed;
  std::filesystem::create_directories(state, failed);
  if (failed || ::access(state.c_str(), W_OK) != 0) return beside;
  return fmt::format("{}/journal-{}", state, os::name_hash(runtime_dir));
}

int run(const std::string& file, const core::DaemonSpec& daemon, const Options& options) {
  close_on_exec_from(3);
  Result<UniqueFd> directory = take_runtime_dir(daemon.runtime_dir);
  if (!directory) {
    say(directory.error().message);
    return 1;
  }
  RoleOptions role;
  role.role = "keeper";
  role.config_file = std::filesystem::absolute(file).lexically_normal();
  role.runtime_dir_fd = directory->get();
  role.program = own_program_path();
  role.journal = journal_path(daemon.runtime_dir);
  role.log_level = name(daemon.log_level);
  role.log_format = name(daemon.log_format);
  const Result<rlim_t> nofile = os::raise_nofile_limit();
  if (nofile) role.nofile_soft = static_cast<long long>(*nofile);
  if (!options.detach) return become_keeper(role);

  Result<Detached> detached = detach(daemon.log_dir);
  if (!detached) {
    say(detached.error().message);
    return 1;
  }
  if (detached->side == Side::parent) return wait_for_start(*detached);
  role.ready_fd = detached->ready.get();
  role.log_file = detached->log_file;
  return become_keeper(role);
}

}  // namespace

int run_front(const Options& options) {
  // Before a file of superd's own can take the number of one that was promised and not given.
  const Result<int> given = keeper::count_listen_fds();
  if (!given) say(given.error().message);
  if (given.value_or(0) == 0) keeper::forget_listen_fds();
  const config::Surroundings who = config::this_process();
  const Result<std::string> file = config::find_config(options.config, who);
  if (!file) {
    say(file.error().message);
    return 1;
  }
  const auto loaded = load_config(*file);
  if (!loaded) return 1;
  // In the foreground they are in the log, which goes the same way.
  if (options.check || options.detach) {
    for (const config::ConfigError& warning : loaded->warnings) {
      fmt::print(stderr, "{}\n", config::warning_text(warning));
    }
  }
  if (!options.check) return run(*file, loaded->spec.daemon, options);
  for (const std::string& line : config::report(*file, *loaded)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace superd::front
