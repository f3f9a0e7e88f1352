#include "daemon/spawn_request.h"

#include <utility>

#include "core/environment.h"
#include "core/placeholders.h"

namespace superd::daemon {
namespace {

core::PlaceholderValues values_of(const core::GroupSpec& group, const Recipe& recipe, int worker) {
  core::PlaceholderValues values;
  values.group = group.name;
  values.worker = worker;
  values.generation = static_cast<std::uint64_t>(recipe.generation);
  if (group.port_base) values.port = *group.port_base + worker - 1;
  for (const core::ListenSpec& socket : group.listen) values.fd_names.push_back(socket.name);
  return values;
}

void set_limits(const core::LimitsSpec& limits, os::SpawnRequest& request) {
  const std::pair<int, const std::optional<core::RlimitSpec>&> known[] = {
      {RLIMIT_NOFILE, limits.nofile},
      {RLIMIT_CORE, limits.core},
      {RLIMIT_AS, limits.address_space},
      {RLIMIT_NPROC, limits.nproc},
  };
  for (const auto& [resource, limit] : known) {
    if (limit) {
      request.rlimits.push_back({.resource = resource, .soft = limit->soft, .hard = limit->hard});
    }
  }
  request.nice = limits.nice;
  request.oom_score_adj = limits.oom_score_adj;
  request.cpus = limits.cpus;
}

bool runs_as_root(const os::SpawnRequest& request) {
  if (request.identity) return request.identity->uid == 0;
  return os::own_privilege() == os::Privileged::yes;
}

}  // namespace

Result<os::SpawnRequest> make_spawn_request(const core::GroupSpec& group, const Recipe& recipe,
                                            const SpawnFacts& facts) {
  const core::PlaceholderValues values = values_of(group, recipe, facts.worker);
  const Recipe::ForWorker& own = recipe.workers.at(static_cast<std::size_t>(facts.worker - 1));
  os::SpawnRequest request;
  for (const std::string& word : group.command) {
    Result<std::string> expanded = core::expand_placeholders(word, values);
    if (!expanded) return tl::unexpected(expanded.error());
    request.argv.push_back(std::move(*expanded));
  }
  core::EnvironmentInput environment;
  environment.inherited = facts.inherited;
  environment.clear_env = group.clear_env;
  environment.account = recipe.account;
  environment.env_file = own.env_file;
  for (const core::EnvEntry& entry : group.env) {
    Result<std::string> expanded = core::expand_placeholders(entry.value, values);
    if (!expanded) return tl::unexpected(expanded.error());
    environment.env.push_back({.name = entry.name, .value = std::move(*expanded)});
  }
  environment.group = group.name;
  environment.worker = facts.worker;
  environment.generation = values.generation;
  environment.worker_socket = facts.worker_socket;
  environment.notify_socket = facts.notify_socket;
  if (core::sets_listen_fds(group)) environment.listen_names = values.fd_names;
  request.env = core::worker_environment(environment);
  request.directory = own.directory;
  request.sockets = facts.sockets;
  request.identity = recipe.identity;
  request.umask = group.umask;
  set_limits(group.limits, request);
  request.nofile_soft = facts.nofile_soft;
  request.no_new_privileges = group.limits.no_new_privileges.value_or(!runs_as_root(request));
  return request;
}

}  // namespace superd::daemon
