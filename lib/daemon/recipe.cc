#include "daemon/recipe.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

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
Status look_at_files(const core::GroupSpec& spec, Recipe& recipe) {
  recipe.workers.clear();
  std::map<std::string, std::string> directories;
  std::map<std::string, std::vector<core::EnvEntry>> files;
  for (int number = 1; number <= spec.workers; ++number) {
    const core::PlaceholderValues values = recipe.placeholders(number);
    const Result<std::string> directory = core::expand_placeholders(spec.directory, values);
    if (!directory) return tl::unexpected(directory.error());
    if (!directories.contains(*directory)) {
      Result<std::string> real = resolved(*directory);
      if (!real) return tl::unexpected(real.error());
      directories[*directory] = std::move(*real);
    }
    Recipe::ForWorker worker{.directory = directories[*directory], .env_file = {}};
    if (spec.env_file) {
      const Result<std::string> path = core::expand_placeholders(*spec.env_file, values);
      if (!path) return tl::unexpected(path.error());
      if (!files.contains(*path)) {
        Result<std::vector<core::EnvEntry>> entries = read_env_file(*path);
        if (!entries) return tl::unexpected(entries.error());
        files[*path] = std::move(*entries);
      }
      worker.env_file = files[*path];
    }
    recipe.workers.push_back(std::move(worker));
  }
  return {};
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
  return recipe;
}

void Recipes::make(const core::GroupSpec& spec, int generation) {
  const Key key{spec.name, generation};
  Entry& entry = entries_[key];
  if (entry.recipe || entry.work) return;
  entry.work.emplace(loop::Work::with_result<Result<Recipe>>(
      loop_, [spec, generation] { return make_recipe(spec, generation); },
      [this, key](Result<Recipe> made) { on_made(key, std::move(made)); }));
}

void Recipes::drop(const std::string& group, int generation) {
  entries_.erase({group, generation});
}

void Recipes::with(const core::GroupSpec& spec, int generation, Callback callback) {
  Entry& entry = entries_[{spec.name, generation}];
  if (entry.recipe) {
    callback(entry.recipe);
    return;
  }
  entry.waiting.push_back(std::move(callback));
  make(spec, generation);
}

void Recipes::on_made(const Key& key, Result<Recipe> made) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Result<Shared> shared = tl::unexpected(Error{});
  if (made) {
    shared = std::make_shared<const Recipe>(std::move(*made));
    found->second.recipe = *shared;
  } else {
    shared = tl::unexpected(made.error());
  }
  const std::vector<Callback> waiting = std::exchange(found->second.waiting, {});
  found->second.work.reset();
  if (shared) {
    tell_({.group = key.first, .generation = key.second, .fingerprint = fingerprint(**shared)});
  }
  for (const Callback& callback : waiting) callback(shared);
}

}  // namespace superd::daemon
