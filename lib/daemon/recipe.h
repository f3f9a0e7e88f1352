#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "core/environment.h"
#include "core/event.h"
#include "core/placeholders.h"
#include "core/spec.h"
#include "loop/work.h"
#include "os/credentials.h"
#include "os/spawn.h"

namespace superd::daemon {

// What a generation of a group starts by, fixed when it is made: a respawn years later stays in the
// same release directory, with the same environment file and the same account. Nothing else of a
// group's configuration decides what is executed and how.
struct Recipe {
  std::string group;
  int generation = 0;
  std::vector<std::string> command;       // words with placeholders
  std::vector<std::string> socket_names;  // in `listen` order
  std::vector<std::string> addresses;     // of these; empty for a private one
  bool listen_fds = false;                // LISTEN_* are set
  bool socket_shim = false;               // the sockets are handed over at bind() (daemon/shim.h)
  bool ready_fd = false;                  // {fd:ready} is one more descriptor, after the sockets
  std::optional<int> port_base;
  std::vector<core::EnvEntry> env;  // values with placeholders
  bool clear_env = false;
  // Nothing: workers stay who superd is.
  std::optional<os::Identity> identity;
  std::optional<core::Account> account;
  std::optional<mode_t> umask;
  core::LimitsSpec limits;
  struct ForWorker {
    std::string directory;  // symlinks resolved; as written where superd may not look
    std::vector<core::EnvEntry> env_file;
  };
  std::vector<ForWorker> workers;  // [i]: worker i + 1

  [[nodiscard]] core::PlaceholderValues placeholders(int worker) const;
};

// Looks up accounts, resolves directories, reads files: may hang where the machine does. Safe in
// another thread. Directory and environment file are of one release, also while a link is switched.
// Fails where the directory or file of one worker is missing: what is found only later would be
// followed anew at each start.
Result<Recipe> make_recipe(const core::GroupSpec& spec, int generation);
// The same with places for so many workers, where it has fewer; those that it has stay as they are.
Result<Recipe> with_workers(Recipe recipe, const core::GroupSpec& spec, int workers);

// Equal for recipes that start the same, whatever their generation; the same in every run of
// superd.
std::uint64_t fingerprint(const Recipe& recipe);

// The recipes in use. They are made in the thread pool, so that a dead file system stalls only the
// group that lives on it.
class Recipes {
 public:
  using Shared = std::shared_ptr<const Recipe>;
  using Callback = std::function<void(Result<Shared>)>;

  // Each recipe is told when it is made, before those who wait for it get it.
  using Tell = std::function<void(const core::RecipeMade&)>;

  Recipes(loop::Loop& loop, Tell tell) : loop_(loop), tell_(std::move(tell)) {}

  // Begins at once, so that a generation is what the machine was when it was asked for.
  void make(core::SpecPtr spec, int generation);
  // One that an earlier supervisor made.
  void restore(core::SpecPtr spec, Recipe recipe);
  void each_made(
      const std::string& group,
      const std::function<void(int generation, const core::SpecPtr&, const Recipe&)>& each) const;
  void drop(const std::string& group, int generation);
  void drop_all(const std::string& group);
  // The configuration that a generation goes by; null where it was not made, or was dropped.
  [[nodiscard]] core::SpecPtr spec(const std::string& group, int generation) const;
  // Those of all generations.
  [[nodiscard]] std::vector<core::SpecPtr> specs() const;
  // Generations that go by `from` go by `to` from now on, which differs in nothing that is part of
  // a recipe.
  void take(const core::SpecPtr& from, const core::SpecPtr& to);
  // Called when the recipe is made and has a place for this worker, or has failed: now or later.
  // One that failed is made anew at the next call. Not called any more after a drop.
  void with(const std::string& group, int generation, int worker, Callback callback);

 private:
  struct Waiting {
    int worker = 0;
    Callback callback;
  };
  struct Entry {
    core::SpecPtr spec;
    Shared recipe;
    std::optional<loop::Work> work;
    std::vector<Waiting> waiting;
  };
  using Key = std::pair<std::string, int>;
  void begin(const Key& key, Entry& entry, int workers);
  void on_made(const Key& key, Result<Recipe> made);

  loop::Loop& loop_;
  Tell tell_;
  std::map<Key, Entry> entries_;
};

}  // namespace superd::daemon
