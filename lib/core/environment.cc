#include "core/environment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "core/placeholders.h"
#include "core/worker_ref.h"

namespace superd::core {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What a service manager tells the service it started, which is superd and not the worker.
constexpr std::array<std::string_view, 15> kManagerVariables = {
    "NOTIFY_SOCKET",  "LISTEN_FDS",       "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
    "WATCHDOG_USEC",  "WATCHDOG_PID",     "MAINPID",    "MAINPIDFDID",    "INVOCATION_ID",
    "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "FDSTORE",    "MANAGERPID",     "MANAGERPIDFDID"};

// Told about the memory of superd's own cgroup.
constexpr std::string_view kMemoryPressure = "MEMORY_PRESSURE_";

constexpr std::array<std::string_view, 4> kKeptWhenCleared = {"PATH", "HOME", "USER", "LANG"};

constexpr std::array<std::string_view, 10> kOwnVariables = {
    "SUPERD_SOCKET", "SUPERD_GROUP",  "SUPERD_WORKER", "SUPERD_GENERATION", "SUPERD_ERRAND",
    "SUPERD_SHIM",   "NOTIFY_SOCKET", "LISTEN_FDS",    "LISTEN_FDNAMES",    "LISTEN_PID"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool is_inherited(std::string_view name, bool clear_env) {
  if (clear_env) return contains(kKeptWhenCleared, name);
  return !starts_with(name, "SUPERD_") && !starts_with(name, kMemoryPressure) &&
         !contains(kManagerVariables, name);
}

// Names in the order they were first set; setting again replaces the value.
class Variables {
 public:
  void set(std::string_view name, std::string_view value) {
    for (EnvEntry& entry : entries_) {
      if (entry.name != name) continue;
      entry.value = value;
      return;
    }
    entries_.push_back({.name = std::string(name), .value = std::string(value)});
  }

  void set_all(const std::vector<EnvEntry>& entries) {
    for (const EnvEntry& entry : entries) set(entry.name, entry.value);
  }

  [[nodiscard]] bool has(std::string_view name) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const EnvEntry& entry) { return entry.name == name; });
  }

  // What superd sets for some workers only must not come from elsewhere for the others.
  void remove_own() {
    std::erase_if(entries_, [](const EnvEntry& entry) { return is_superd_variable(entry.name); });
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    lines.reserve(entries_.size());
    for (const EnvEntry& entry : entries_) lines.push_back(entry.name + "=" + entry.value);
    return lines;
  }

 private:
  std::vector<EnvEntry> entries_;
};

void set_account(Variables& variables, const EnvironmentInput& input) {
  if (!input.account) return;
  variables.set("HOME", input.account->home);
  variables.set("USER", input.account->name);
  if (input.clear_env) return;
  variables.set("LOGNAME", input.account->name);
  variables.set("SHELL", input.account->shell);
}

void set_own(Variables& variables, const EnvironmentInput& input) {
  if (input.worker_socket) variables.set("SUPERD_SOCKET", *input.worker_socket);
  variables.set("SUPERD_GROUP", input.group);
  variables.set("SUPERD_WORKER",
                to_string(WorkerRef{.group = input.group, .number = input.worker}));
  variables.set("SUPERD_GENERATION", std::to_string(input.generation));
  if (input.notify_socket) variables.set("NOTIFY_SOCKET", *input.notify_socket);
  if (input.errand) variables.set("SUPERD_ERRAND", *input.errand);
  if (input.listen_names.empty()) return;
  variables.set("LISTEN_FDS", std::to_string(input.listen_names.size()));
  variables.set("LISTEN_FDNAMES", join(input.listen_names, ":"));
  variables.set("LISTEN_PID", "");
}

bool is_descriptor_option(std::string_view argument) {
  return argument == "--fd" || argument == "-fd" || starts_with(argument, "--fd=") ||
         starts_with(argument, "-fd=");
}

bool has_digit_after(std::string_view argument, std::string_view prefix) {
  for (auto at = argument.find(prefix); at != std::string_view::npos;
       at = argument.find(prefix, at + 1)) {
    const std::string_view rest = argument.substr(at + prefix.size());
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> helper_environment(const std::vector<EnvEntry>& inherited) {
  Variables variables;
  for (const EnvEntry& entry : inherited) {
    if (is_inherited(entry.name, false)) variables.set(entry.name, entry.value);
  }
  return variables.lines();
}

std::vector<std::string> worker_environment(const EnvironmentInput& input) {
  Variables variables;
  for (const EnvEntry& entry : input.inherited) {
    if (is_inherited(entry.name, input.clear_env)) variables.set(entry.name, entry.value);
  }
  if (!variables.has("PATH")) variables.set("PATH", kDefaultPath);
  set_account(variables, input);
  variables.set_all(input.env_file);
  variables.set_all(input.env);
  variables.remove_own();
  set_own(variables, input);
  return variables.lines();
}

bool names_descriptor(std::span<const std::string> command, ReadyName ready) {
  const auto is_socket = [&](const std::string& name) {
    return ready == ReadyName::socket || name != kReadyFd;
  };
  return std::any_of(command.begin(), command.end(), [&](const std::string& argument) {
    const std::vector<std::string> names = fd_names(argument);
    return is_descriptor_option(argument) || has_digit_after(argument, "fd://") ||
           has_digit_after(argument, "fd:fileno=") ||
           std::any_of(names.begin(), names.end(), is_socket);
  });
}

bool sets_listen_fds(const GroupSpec& group) {
  if (group.listen.empty()) return false;
  switch (group.socket_env) {
    case SocketEnv::automatic:
      // Who binds by himself knows of no variables; a runner that does would take them twice.
      return !group.socket_shim &&
             !names_descriptor(group.command, group.ready.when == ReadyWhen::fd
                                                  ? ReadyName::readiness
                                                  : ReadyName::socket);
    case SocketEnv::listen_fds:
      return true;
    case SocketEnv::none:
      return false;
  }
  std::abort();
}

bool is_superd_variable(std::string_view name) { return contains(kOwnVariables, name); }

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace superd::core
