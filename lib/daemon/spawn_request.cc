#include "daemon/spawn_request.h"

#include <utility>

#include "core/environment.h"
#include "core/placeholders.h"
#include "daemon/shim.h"

namespace superd::daemon {
namespace {

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

Result<std::vector<std::string>> expand_all(const std::vector<std::string>& words,
                                            const core::PlaceholderValues& values) {
  std::vector<std::string> all;
  for (const std::string& word : words) {
    Result<std::string> expanded = core::expand_placeholders(word, values);
    if (!expanded) return tl::unexpected(expanded.error());
    all.push_back(std::move(*expanded));
  }
  return all;
}

// What the worker's environment is, whichever command gets it.
Result<core::EnvironmentInput> environment_of(const Recipe& recipe, const SpawnFacts& facts,
                                              const core::PlaceholderValues& values) {
  core::EnvironmentInput environment;
  environment.inherited = facts.inherited;
  environment.clear_env = recipe.clear_env;
  environment.account = recipe.account;
  environment.env_file = recipe.workers.at(static_cast<std::size_t>(facts.worker - 1)).env_file;
  for (const core::EnvEntry& entry : recipe.env) {
    Result<std::string> expanded = core::expand_placeholders(entry.value, values);
    if (!expanded) return tl::unexpected(expanded.error());
    environment.env.push_back({.name = entry.name, .value = std::move(*expanded)});
  }
  environment.group = recipe.group;
  environment.worker = facts.worker;
  environment.generation = values.generation;
  environment.worker_socket = facts.worker_socket;
  environment.errand = facts.errand;
  return environment;
}

os::SpawnRequest as_the_recipe_says(const Recipe& recipe, const SpawnFacts& facts) {
  os::SpawnRequest request;
  request.directory = recipe.workers.at(static_cast<std::size_t>(facts.worker - 1)).directory;
  request.identity = recipe.identity;
  request.umask = recipe.umask;
  set_limits(recipe.limits, request);
  request.nofile_soft = facts.nofile_soft;
  request.no_new_privileges = recipe.limits.no_new_privileges.value_or(!runs_as_root(request));
  return request;
}

}  // namespace

Result<os::SpawnRequest> make_spawn_request(const Recipe& recipe, const SpawnFacts& facts) {
  core::PlaceholderValues values = recipe.placeholders(facts.worker);
  for (std::size_t i = 0; i < facts.addresses.size() && i < values.addresses.size(); ++i) {
    values.addresses[i].address = facts.addresses[i];
  }
  Result<std::vector<std::string>> argv = expand_all(recipe.command, values);
  if (!argv) return tl::unexpected(argv.error());
  Result<core::EnvironmentInput> environment = environment_of(recipe, facts, values);
  if (!environment) return tl::unexpected(environment.error());
  environment->notify_socket = facts.notify_socket;
  if (recipe.listen_fds) environment->listen_names = recipe.socket_names;
  os::SpawnRequest request = as_the_recipe_says(recipe, facts);
  request.argv = std::move(*argv);
  request.env = core::worker_environment(*environment);
  request.sockets = facts.sockets;
  if (facts.ready_fd >= 0) request.sockets.push_back(facts.ready_fd);
  return request;
}

Result<os::SpawnRequest> make_errand_request(const Recipe& recipe,
                                             const std::vector<std::string>& command,
                                             const SpawnFacts& facts) {
  // Where the worker has its sockets the errand has none; `env` may still name their numbers.
  core::PlaceholderValues values = recipe.placeholders(facts.worker);
  Result<core::EnvironmentInput> environment = environment_of(recipe, facts, values);
  if (!environment) return tl::unexpected(environment.error());
  values.fd_names.clear();
  Result<std::vector<std::string>> argv = expand_all(command, values);
  if (!argv) return tl::unexpected(argv.error());
  os::SpawnRequest request = as_the_recipe_says(recipe, facts);
  request.argv = std::move(*argv);
  request.env = core::worker_environment(*environment);
  return request;
}

Result<os::SpawnRequest> make_staged_request(const Recipe& recipe, const Stage& stage,
                                             SpawnFacts facts) {
  facts.sockets = stage.sockets;
  facts.addresses = stage.addresses;
  auto request = make_spawn_request(recipe, facts);
  if (!request || !recipe.socket_shim) return request;
  if (Status added = add_shim(*stage.group, stage.stand_for, request->env); !added) {
    return tl::unexpected(added.error());
  }
  return request;
}

}  // namespace superd::daemon
