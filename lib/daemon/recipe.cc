#include "daemon/recipe.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "daemon/shim.h"

namespace superd::daemon {
namespace {

constexpr int kMaxLooks = 5;

std::vector<std::string> socket_names(const core::GroupSpec& spec) {
  std::vector<std::string> names;
  for (const core::ListenSpec& socket : spec.listen) names.push_back(socket.name);
  return names;
}

std::vector<std::string> addresses(const core::GroupSpec& spec) {
  std::vector<std::string> texts;
  for (const core::ListenSpec& socket : spec.listen) texts.push_back(core::address_text(socket));
  return texts;
}

Result<std::vector<core::EnvEntry>> read_env_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno("env_file " + path, errno != 0 ? errno : EIO);
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return fail("env_file " + path + " cannot be read");
  Result<std::vector<core::EnvEntry>> entries = core::parse_env_file(text.str());
  if (!entries) return fail(fmt::format("env_file {}: {}", path, entries.error().message));
  return entries;
}

Result<std::string> resolved(const std::string& directory) {
  char* real = ::realpath(directory.c_str(), nullptr);
  if (real == nullptr) {
    // A worker's account may be let in where superd is not: root on a network file system.
    if (errno == EACCES) return directory;
    return fail_errno("chdir " + directory, errno);
  }
  std::string result(real);
  std::free(real);
  return result;
}

Status look_up_account(const core::GroupSpec& spec, Recipe& recipe) {
  if (!spec.user && !spec.group && spec.extra_groups.empty()) return {};
  const Result<os::User> user = spec.user ? os::find_user(*spec.user) : os::find_user(geteuid());
  if (!user) return tl::unexpected(user.error());
  if (spec.user) {
    recipe.account = core::Account{.name = user->name, .home = user->home, .shell = user->shell};
  }
  if (os::own_privilege() == os::Privileged::no) return {};
  os::Identity identity{.uid = user->uid, .gid = user->gid, .groups = {}, .name = user->name};
  Result<std::vector<gid_t>> groups = os::supplementary_groups(*user);
  if (!groups) return tl::unexpected(groups.error());
  identity.groups = std::move(*groups);
  if (spec.group) {
    const Result<gid_t> gid = os::find_group(*spec.group);
    if (!gid) return tl::unexpected(gid.error());
    identity.gid = *gid;
  }
  for (const std::string& name : spec.extra_groups) {
    const Result<gid_t> gid = os::find_group(name);
    if (!gid) return tl::unexpected(gid.error());
    identity.groups.push_back(*gid);
  }
  std::sort(identity.groups.begin(), identity.groups.end());
  identity.groups.erase(std::unique(identity.groups.begin(), identity.groups.end()),
                        identity.groups.end());
  recipe.identity = std::move(identity);
  return {};
}

// Most groups have one directory and one file for all workers: each is looked at once.
class Files {
 public:
  Files(const core::GroupSpec& spec, const Recipe& recipe) : spec_(spec), recipe_(recipe) {}

  // What was found for a worker is found for all that have the same text.
  Status remember(int number, const Recipe::ForWorker& found) {
    const Result<Texts> texts = texts_of(number);
    if (!texts) return tl::unexpected(texts.error());
    directories_[texts->directory] = found.directory;
    if (texts->env_file) files_[*texts->env_file] = found.env_file;
    return {};
  }

  Result<Recipe::ForWorker> look(int number) {
    const Result<Texts> texts = texts_of(number);
    if (!texts) return tl::unexpected(texts.error());
    if (!directories_.contains(texts->directory)) {
      Result<std::string> real = resolved(texts->directory);
      if (!real) return tl::unexpected(real.error());
      directories_[texts->directory] = std::move(*real);
    }
    Recipe::ForWorker found{.directory = directories_[texts->directory], .env_file = {}};
    if (!texts->env_file) return found;
    if (!files_.contains(*texts->env_file)) {
      Result<std::vector<core::EnvEntry>> entries = read_env_file(*texts->env_file);
      if (!entries) return tl::unexpected(entries.error());
      files_[*texts->env_file] = std::move(*entries);
    }
    found.env_file = files_[*texts->env_file];
    return found;
  }

 private:
  struct Texts {
    std::string directory;
    std::optional<std::string> env_file;
  };
  [[nodiscard]] Result<Texts> texts_of(int number) const {
    const core::PlaceholderValues values = recipe_.placeholders(number);
    Result<std::string> directory = core::expand_placeholders(spec_.directory, values);
    if (!directory) return tl::unexpected(directory.error());
    Texts texts{.directory = std::move(*directory), .env_file = {}};
    if (!spec_.env_file) return texts;
    Result<std::string> path = core::expand_placeholders(*spec_.env_file, values);
    if (!path) return tl::unexpected(path.error());
    texts.env_file = std::move(*path);
    return texts;
  }

  const core::GroupSpec& spec_;
  const Recipe& recipe_;
  std::map<std::string, std::string> directories_;
  std::map<std::string, std::vector<core::EnvEntry>> files_;
};

Status add_workers(const core::GroupSpec& spec, Recipe& recipe, int workers) {
  Files files(spec, recipe);
  for (std::size_t i = 0; i < recipe.workers.size(); ++i) {
    const Status known = files.remember(static_cast<int>(i) + 1, recipe.workers[i]);
    if (!known) return known;
  }
  while (static_cast<int>(recipe.workers.size()) < workers) {
    Result<Recipe::ForWorker> found = files.look(static_cast<int>(recipe.workers.size()) + 1);
    if (!found) return tl::unexpected(found.error());
    recipe.workers.push_back(std::move(*found));
  }
  return {};
}

Status look_at_files(const core::GroupSpec& spec, Recipe& recipe) {
  recipe.workers.clear();
  return add_workers(spec, recipe, spec.workers);
}

bool same_directories(const Recipe& a, const Recipe& b) {
  return std::equal(a.workers.begin(), a.workers.end(), b.workers.begin(), b.workers.end(),
                    [](const auto& x, const auto& y) { return x.directory == y.directory; });
}

}  // namespace

core::PlaceholderValues Recipe::placeholders(int worker) const {
  core::PlaceholderValues values{.group = group,
                                 .worker = worker,
                                 .generation = static_cast<std::uint64_t>(generation),
                                 .port = {},
                                 .fd_names = socket_names,
                                 .addresses = {}};
  for (std::size_t i = 0; i < socket_names.size(); ++i) {
    values.addresses.push_back(
        {.name = socket_names[i], .address = i < addresses.size() ? addresses[i] : ""});
  }
  if (ready_fd) values.fd_names.emplace_back(core::kReadyFd);
  if (port_base) values.port = *port_base + worker - 1;
  return values;
}

Result<Recipe> make_recipe(const core::GroupSpec& spec, int generation) {
  Recipe recipe{.group = spec.name,
                .generation = generation,
                .command = spec.command,
                .socket_names = socket_names(spec),
                .addresses = addresses(spec),
                .listen_fds = core::sets_listen_fds(spec),
                .socket_shim = spec.socket_shim,
                .ready_fd = spec.ready.when == core::ReadyWhen::fd,
                .port_base = spec.port_base,
                .env = spec.env,
                .clear_env = spec.clear_env,
                .identity = {},
                .account = {},
                .umask = spec.umask,
                .limits = spec.limits,
                .workers = {}};
  if (Status found = look_up_account(spec, recipe); !found) return tl::unexpected(found.error());
  if (Status looked = look_at_files(spec, recipe); !looked) return tl::unexpected(looked.error());
  // A link that was switched between the look at the directory and the reading of the file shows
  // in a second look, which is then the whole of it.
  for (int looks = 1; spec.env_file && looks < kMaxLooks; ++looks) {
    const Recipe before = recipe;
    if (Status looked = look_at_files(spec, recipe); !looked) return tl::unexpected(looked.error());
    if (same_directories(before, recipe)) break;
  }
  if (recipe.socket_shim) {
    if (Status can = check_shim_programs(recipe); !can) return tl::unexpected(can.error());
  }
  return recipe;
}

Result<Recipe> with_workers(Recipe recipe, const core::GroupSpec& spec, int workers) {
  if (Status added = add_workers(spec, recipe, workers); !added) {
    return tl::unexpected(added.error());
  }
  return recipe;
}

void Recipes::make(core::SpecPtr spec, int generation) {
  const Key key{spec->name, generation};
  Entry& entry = entries_[key];
  entry.spec = std::move(spec);
  begin(key, entry, 0);
}

// What was made stays: more workers only find places of their own.
void Recipes::begin(const Key& key, Entry& entry, int workers) {
  if (entry.work) return;
  auto job = [made = entry.recipe, spec = entry.spec, generation = key.second,
              workers]() -> Result<Recipe> {
    return made ? with_workers(*made, *spec, workers) : make_recipe(*spec, generation);
  };
  entry.work.emplace(loop::Work::with_result<Result<Recipe>>(
      loop_, std::move(job), [this, key](Result<Recipe> made) { on_made(key, std::move(made)); }));
}

void Recipes::restore(core::SpecPtr spec, Recipe recipe) {
  Entry& entry = entries_[{recipe.group, recipe.generation}];
  entry.spec = std::move(spec);
  entry.recipe = std::make_shared<const Recipe>(std::move(recipe));
}

void Recipes::each_made(
    const std::string& group,
    const std::function<void(int generation, const core::SpecPtr&, const Recipe&)>& each) const {
  for (const auto& [key, entry] : entries_) {
    if (key.first == group && entry.recipe) each(key.second, entry.spec, *entry.recipe);
  }
}

void Recipes::drop(const std::string& group, int generation) {
  entries_.erase({group, generation});
}

void Recipes::drop_all(const std::string& group) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.first.first == group; });
}

core::SpecPtr Recipes::spec(const std::string& group, int generation) const {
  const auto found = entries_.find({group, generation});
  return found == entries_.end() ? nullptr : found->second.spec;
}

std::vector<core::SpecPtr> Recipes::specs() const {
  std::vector<core::SpecPtr> all;
  for (const auto& [key, entry] : entries_) all.push_back(entry.spec);
  return all;
}

void Recipes::take(const core::SpecPtr& from, const core::SpecPtr& to) {
  for (auto& [key, entry] : entries_) {
    if (entry.spec == from) entry.spec = to;
  }
}

void Recipes::with(const std::string& group, int generation, int worker, Callback callback) {
  const auto found = entries_.find({group, generation});
  if (found == entries_.end()) {
    callback(fail(fmt::format("generation {} of {} is not known any more", generation, group)));
    return;
  }
  Entry& entry = found->second;
  if (entry.recipe && static_cast<int>(entry.recipe->workers.size()) >= worker) {
    callback(entry.recipe);
    return;
  }
  entry.waiting.push_back({.worker = worker, .callback = std::move(callback)});
  begin(found->first, entry, worker);
}

void Recipes::on_made(const Key& key, Result<Recipe> made) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  Result<Shared> shared = tl::unexpected(Error{});
  const bool first = !entry.recipe;
  if (made) {
    shared = std::make_shared<const Recipe>(std::move(*made));
    entry.recipe = *shared;
  } else {
    shared = tl::unexpected(made.error());
  }
  const std::vector<Waiting> waiting = std::exchange(entry.waiting, {});
  entry.work.reset();
  if (shared && first) {
    tell_({.group = key.first, .generation = key.second, .fingerprint = fingerprint(**shared)});
  }
  for (const Waiting& each : waiting) {
    const bool has_place = shared && static_cast<int>((*shared)->workers.size()) >= each.worker;
    if (has_place || !shared) {
      each.callback(shared);
    } else {
      with(key.first, key.second, each.worker, each.callback);
    }
  }
}

}  // namespace superd::daemon
