#include "daemon/journal_json.h"

#include <utility>

#include "journal/spec_json.h"

namespace superd::core {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Account, name, home, shell)
}  // namespace superd::core

namespace superd::os {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Identity, uid, gid, groups, name)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ProcessId, pid, start_time)
}  // namespace superd::os

namespace superd::daemon {
namespace {

using journal::dump;
using nlohmann::json;

// Workers that follow each other and have the same place are written once.
struct Places {
  std::size_t workers = 0;
  std::string directory;
  std::vector<core::EnvEntry> env_file;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Places, workers, directory, env_file)
constexpr std::size_t kMostWorkers = 1'000'000;

std::vector<Places> places_of(const Recipe& recipe) {
  std::vector<Places> places;
  for (const Recipe::ForWorker& worker : recipe.workers) {
    const bool same = !places.empty() && places.back().directory == worker.directory &&
                      places.back().env_file == worker.env_file;
    if (!same) {
      places.push_back({.workers = 0, .directory = worker.directory, .env_file = worker.env_file});
    }
    ++places.back().workers;
  }
  return places;
}

}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Recipe, group, generation, command, socket_names,
                                                addresses, listen_fds, socket_shim, ready_fd,
                                                port_base, env, clear_env, identity, account, umask,
                                                limits)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ProcessRecord, spawn, worker, generation, main,
                                                number, uid, gid, status, main_told, tree_told)

std::string to_text(const Recipe& recipe) {
  json j = recipe;
  j["workers"] = places_of(recipe);
  return dump(j);
}

Result<Recipe> recipe_from(std::string_view text) {
  try {
    const json j = json::parse(text);
    Recipe recipe = j.get<Recipe>();
    for (const Places& places : j.at("workers").get<std::vector<Places>>()) {
      if (places.workers > kMostWorkers) return fail("recipe: too many workers");
      recipe.workers.insert(recipe.workers.end(), places.workers,
                            {.directory = places.directory, .env_file = places.env_file});
    }
    return recipe;
  } catch (const std::exception& error) {
    return fail(std::string("recipe: ") + error.what());
  }
}

std::string to_text(const ProcessRecord& record) { return dump(record); }

Result<ProcessRecord> process_from(std::string_view text) {
  try {
    return json::parse(text).get<ProcessRecord>();
  } catch (const std::exception& error) {
    return fail(std::string("process: ") + error.what());
  }
}

}  // namespace superd::daemon
