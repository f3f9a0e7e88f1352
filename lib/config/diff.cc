#include "config/diff.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {
namespace {

using Needs = KeyChange::Needs;

// Collects the keys whose values differ.
class Keys {
 public:
  template <class T>
  Keys& compare(const char* key, const T& now, const T& wanted, Needs needs) {
    if (!(now == wanted)) changes_.push_back({.key = key, .needs = needs});
    return *this;
  }
  std::vector<KeyChange> take() { return std::move(changes_); }

 private:
  std::vector<KeyChange> changes_;
};

// What of a socket processes are started with.
auto inherited(const core::ListenSpec& socket) {
  return std::tuple(socket.address, socket.name, socket.sharing);
}

bool same_sockets(const core::GroupSpec& now, const core::GroupSpec& wanted) {
  return std::equal(now.listen.begin(), now.listen.end(), wanted.listen.begin(),
                    wanted.listen.end(),
                    [](const auto& a, const auto& b) { return inherited(a) == inherited(b); });
}

bool has_ready_pipe(const core::GroupSpec& group) {
  return group.ready.when == core::ReadyWhen::fd;
}

void compare_sockets(const core::GroupSpec& now, const core::GroupSpec& wanted, Keys& keys) {
  const Needs needs = same_sockets(now, wanted) ? Needs::nothing : Needs::new_processes;
  keys.compare("listen", now.listen, wanted.listen, needs);
}

void compare_ready(const core::GroupSpec& now, const core::GroupSpec& wanted, Keys& keys) {
  const bool same_pipe = has_ready_pipe(now) == has_ready_pipe(wanted);
  keys.compare("ready", now.ready, wanted.ready, same_pipe ? Needs::nothing : Needs::new_processes);
}

void compare_log(const core::LogSpec& now, const core::LogSpec& wanted, Keys& keys) {
  const bool same_pipes = now.output == wanted.output && now.format == wanted.format;
  keys.compare("log", now, wanted, same_pipes ? Needs::nothing : Needs::new_processes);
}

// Taken apart whole, so that a new field of GroupSpec does not compile until it has its line here.
std::vector<KeyChange> compare_keys(const core::GroupSpec& now, const core::GroupSpec& wanted) {
  const auto& [name, place, command, workers, listen, socket_env, socket_shim, port_base, directory,
               user, group, extra_groups, umask, env, env_file, clear_env, autostart, on_demand,
               idle_timeout, depends_on, reload_signal, ready, stop, roll, respawn, recycle, limits,
               log, triggers, hold_file] = now;
  Keys keys;
  keys.compare("command", command, wanted.command, Needs::new_processes);
  compare_sockets(now, wanted, keys);
  keys.compare("socket_env", socket_env, wanted.socket_env, Needs::new_processes)
      .compare("socket_shim", socket_shim, wanted.socket_shim, Needs::new_processes)
      .compare("port_base", port_base, wanted.port_base, Needs::new_processes)
      .compare("directory", directory, wanted.directory, Needs::new_processes)
      .compare("user", user, wanted.user, Needs::new_processes)
      .compare("group", group, wanted.group, Needs::new_processes)
      .compare("extra_groups", extra_groups, wanted.extra_groups, Needs::new_processes)
      .compare("umask", umask, wanted.umask, Needs::new_processes)
      .compare("env", env, wanted.env, Needs::new_processes)
      .compare("env_file", env_file, wanted.env_file, Needs::new_processes)
      .compare("clear_env", clear_env, wanted.clear_env, Needs::new_processes)
      .compare("limits", limits, wanted.limits, Needs::new_processes);
  compare_ready(now, wanted, keys);
  compare_log(log, wanted.log, keys);
  keys.compare("autostart", autostart, wanted.autostart, Needs::next_start)
      .compare("on_demand", on_demand, wanted.on_demand, Needs::nothing)
      .compare("idle_timeout", idle_timeout, wanted.idle_timeout, Needs::nothing)
      .compare("depends_on", depends_on, wanted.depends_on, Needs::nothing)
      .compare("reload_signal", reload_signal, wanted.reload_signal, Needs::nothing)
      .compare("stop", stop, wanted.stop, Needs::nothing)
      .compare("roll", roll, wanted.roll, Needs::nothing)
      .compare("respawn", respawn, wanted.respawn, Needs::nothing)
      .compare("recycle", recycle, wanted.recycle, Needs::nothing)
      .compare("trigger", triggers, wanted.triggers, Needs::nothing)
      .compare("hold_file", hold_file, wanted.hold_file, Needs::nothing);
  return keys.take();
}

std::vector<KeyChange> compare_daemon(const core::Spec& now_spec, const core::Spec& wanted_spec) {
  const core::DaemonSpec& wanted = wanted_spec.daemon;
  const auto& [runtime_dir, control, control_mode, control_owner, worker_socket, max_starting,
               log_dir, signals, log_level, log_format] = now_spec.daemon;
  Keys keys;
  keys.compare("superd.runtime_dir", runtime_dir, wanted.runtime_dir, Needs::next_start)
      .compare("superd.control", control, wanted.control, Needs::next_start)
      .compare("superd.control_mode", control_mode, wanted.control_mode, Needs::next_start)
      .compare("superd.control_owner", control_owner, wanted.control_owner, Needs::next_start)
      .compare("superd.worker_socket", worker_socket, wanted.worker_socket, Needs::next_start)
      .compare("superd.max_starting", max_starting, wanted.max_starting, Needs::next_start)
      .compare("superd.log_dir", log_dir, wanted.log_dir, Needs::next_start)
      .compare("superd.signals", signals, wanted.signals, Needs::nothing)
      .compare("superd.log_level", log_level, wanted.log_level, Needs::nothing)
      .compare("superd.log_format", log_format, wanted.log_format, Needs::nothing)
      .compare("hook", now_spec.hooks, wanted_spec.hooks, Needs::nothing);
  return keys.take();
}

const core::GroupSpec* find(const core::Spec& spec, const std::string& name) {
  for (const core::GroupSpec& group : spec.groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

std::string keys_with(const std::vector<KeyChange>& keys, Needs needs) {
  std::string text;
  for (const KeyChange& change : keys) {
    if (change.needs != needs) continue;
    text += text.empty() ? change.key : ", " + change.key;
  }
  return text;
}

std::string in_words(int workers) {
  return fmt::format("{} worker{}", workers, workers == 1 ? "" : "s");
}

std::string beginning_of(const GroupChange& added) {
  if (!added.starts) return "is not started (autostart = false)";
  const std::string workers = in_words(added.workers_after);
  return added.on_demand ? fmt::format("its first connection starts {}", workers)
                         : "starts " + workers;
}

constexpr const char* kNextStart = "counts when superd is started again";

}  // namespace

bool needs_roll(const GroupChange& change) {
  return std::any_of(change.keys.begin(), change.keys.end(),
                     [](const KeyChange& key) { return key.needs == Needs::new_processes; });
}

Plan compare(const core::Spec& now, const core::Spec& wanted) {
  Plan plan;
  for (const core::GroupSpec& group : wanted.groups) {
    const core::GroupSpec* known = find(now, group.name);
    GroupChange change{.group = group.name, .keys = {}, .workers_after = group.workers};
    if (known == nullptr) {
      change.what = GroupChange::What::added;
      change.starts = group.autostart;
      change.on_demand = group.on_demand;
    } else {
      change.keys = compare_keys(*known, group);
      change.workers_before = known->workers;
      if (change.keys.empty() && change.workers_before == change.workers_after) continue;
    }
    plan.groups.push_back(std::move(change));
  }
  for (const core::GroupSpec& group : now.groups) {
    if (find(wanted, group.name) != nullptr) continue;
    plan.groups.push_back({.group = group.name,
                           .what = GroupChange::What::removed,
                           .keys = {},
                           .workers_before = group.workers});
  }
  plan.daemon = compare_daemon(now, wanted);
  return plan;
}

std::vector<std::string> describe(const GroupChange& change) {
  switch (change.what) {
    case GroupChange::What::added:
      return {fmt::format("{}: new: {}", change.group, beginning_of(change))};
    case GroupChange::What::removed:
      return {fmt::format("{}: removed: stops", change.group)};
    case GroupChange::What::changed:
      break;
  }
  std::vector<std::string> lines;
  const auto add = [&](const std::string& keys, const char* what) {
    if (!keys.empty()) lines.push_back(fmt::format("{}: {}: {}", change.group, keys, what));
  };
  add(keys_with(change.keys, Needs::new_processes), "every process is replaced by a roll");
  if (change.workers_before != change.workers_after) {
    lines.push_back(fmt::format("{}: workers {} -> {}", change.group, change.workers_before,
                                change.workers_after));
  }
  add(keys_with(change.keys, Needs::nothing), "counts from now on, no process is replaced");
  add(keys_with(change.keys, Needs::next_start), kNextStart);
  return lines;
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> lines;
  for (const GroupChange& change : plan.groups) {
    for (std::string& line : describe(change)) lines.push_back(std::move(line));
  }
  for (const KeyChange& key : plan.daemon) {
    lines.push_back(fmt::format(
        "{}: {}", key.key, key.needs == Needs::next_start ? kNextStart : "counts from now on"));
  }
  return lines;
}

}  // namespace superd::config
