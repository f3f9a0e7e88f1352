#include "config/locations.h"

#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/text.h"
#include "config/load.h"

namespace superd::config {
namespace {

std::optional<std::string> variable(const Surroundings& who, std::string_view name) {
  for (const auto& entry : who.environment) {
    if (entry.name == name && !entry.value.empty()) return entry.value;
  }
  return std::nullopt;
}

// XDG: a relative path in such a variable is to be ignored.
std::optional<std::string> directory_variable(const Surroundings& who, std::string_view name) {
  auto value = variable(who, name);
  if (value && value->front() != '/') return std::nullopt;
  return value;
}

std::string xdg(const Surroundings& who, std::string_view name, std::string_view in_home) {
  if (auto directory = directory_variable(who, name)) return *directory;
  if (who.home.empty() || who.home.front() != '/') return {};
  return fmt::format("{}/{}", who.home, in_home);
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Surroundings this_process() {
  Surroundings who{.uid = ::geteuid(), .home = {}, .environment = {}};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    who.environment.push_back({.name = std::string(text.substr(0, equals)),
                               .value = std::string(text.substr(equals + 1))});
  }
  if (const auto home = variable(who, "HOME")) {
    who.home = *home;
  } else if (const passwd* account = ::getpwuid(who.uid)) {
    who.home = account->pw_dir;
  }
  return who;
}

Defaults default_directories(const Surroundings& who) {
  if (who.uid == 0) {
    return {.runtime_dir = "/run/superd", .log_dir = "/var/log/superd", .state_dir = "/run/superd"};
  }
  const auto runtime = directory_variable(who, "XDG_RUNTIME_DIR");
  const std::string runtime_dir =
      runtime ? *runtime + "/superd" : fmt::format("/tmp/superd-{}", who.uid);
  const std::string state = xdg(who, "XDG_STATE_HOME", ".local/state");
  // An account without a home keeps its logs where its sockets are.
  const std::string state_dir = state.empty() ? runtime_dir : state + "/superd";
  return {.runtime_dir = runtime_dir, .log_dir = state_dir, .state_dir = state_dir};
}

Result<std::string> find_config(const std::optional<std::string>& option, const Surroundings& who,
                                const Exists& exists) {
  if (option) return *option;
  if (const auto named = variable(who, "SUPERD_CONFIG")) return *named;
  std::vector<std::string> places = {"superd.toml"};
  if (who.uid != 0) {
    const std::string config = xdg(who, "XDG_CONFIG_HOME", ".config");
    if (!config.empty()) places.push_back(config + "/superd/superd.toml");
  }
  places.emplace_back("/etc/superd/superd.toml");
  for (const std::string& place : places) {
    if (exists(place)) return place;
  }
  places.front() = "./superd.toml";
  return fail(fmt::format("no config file: looked for {}; name one with -c FILE or SUPERD_CONFIG",
                          join(places, ", ")));
}

Result<std::string> find_config(const std::optional<std::string>& option, const Surroundings& who) {
  return find_config(option, who, is_there);
}

Result<std::string> find_control_socket(const ControlOptions& options, const Surroundings& who) {
  if (options.socket) return *options.socket;
  if (const auto named = variable(who, "SUPERD_SOCKET")) return *named;
  const Defaults defaults = default_directories(who);
  const auto config = find_config(options.config, who);
  if (!config) return defaults.runtime_dir + "/control.sock";
  const Loaded loaded = load(*config, defaults);
  const std::string& control = loaded.spec.daemon.control;
  const std::string by_default = defaults.runtime_dir + "/control.sock";
  if (!loaded.superd_error || control != by_default) return control;
  return fail(fmt::format(
      "{}: so the control socket is not known; mend it, or name the socket with -s PATH",
      to_string(*loaded.superd_error)));
}

}  // namespace superd::config
