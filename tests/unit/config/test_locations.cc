#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "config/locations.h"
#include "config_fixture.h"

using namespace superd;
using namespace superd::config;

namespace {

Surroundings root() { return {.uid = 0, .home = "/root", .environment = {}}; }
Surroundings user() { return {.uid = 1000, .home = "/home/me", .environment = {}}; }

std::string found(const Surroundings& who, const std::set<std::string>& files,
                  const std::optional<std::string>& option = std::nullopt) {
  const auto path =
      find_config(option, who, [&](const std::string& file) { return files.count(file) > 0; });
  return path ? *path : path.error().message;
}

}  // namespace

TEST_CASE("the config file is -c, else SUPERD_CONFIG, else the first that exists", "[config]") {
  const std::set<std::string> all = {"superd.toml", "/home/me/.config/superd/superd.toml",
                                     "/root/.config/superd/superd.toml", "/etc/superd/superd.toml"};
  CHECK(found(user(), all, "/x.toml") == "/x.toml");
  CHECK(found(user(), all) == "superd.toml");
  CHECK(found(user(), {"/home/me/.config/superd/superd.toml", "/etc/superd/superd.toml"}) ==
        "/home/me/.config/superd/superd.toml");
  CHECK(found(user(), {"/etc/superd/superd.toml"}) == "/etc/superd/superd.toml");

  Surroundings who = user();
  who.environment = {{"SUPERD_CONFIG", "/y.toml"}};
  CHECK(found(who, all) == "/y.toml");
  CHECK(found(who, all, "/x.toml") == "/x.toml");
  who.environment = {{"SUPERD_CONFIG", ""}};
  CHECK(found(who, all) == "superd.toml");
  who.environment = {{"XDG_CONFIG_HOME", "/cfg"}};
  CHECK(found(who, {"/cfg/superd/superd.toml"}) == "/cfg/superd/superd.toml");
}

TEST_CASE("root's config is never in a home", "[config]") {
  Surroundings who = root();
  who.environment = {{"XDG_CONFIG_HOME", "/cfg"}};
  CHECK(found(who, {"/cfg/superd/superd.toml", "/root/.config/superd/superd.toml",
                    "/etc/superd/superd.toml"}) == "/etc/superd/superd.toml");
}

TEST_CASE("where no config is found the places are named", "[config]") {
  CHECK(found(user(), {}) ==
        "no config file: looked for ./superd.toml, /home/me/.config/superd/superd.toml, "
        "/etc/superd/superd.toml; name one with -c FILE or SUPERD_CONFIG");
}

TEST_CASE("superd's directories are system ones for root and XDG ones for others", "[config]") {
  const Defaults system = default_directories(root());
  CHECK(system.runtime_dir == "/run/superd");
  CHECK(system.log_dir == "/var/log/superd");
  CHECK(system.state_dir == "/run/superd");

  const Defaults bare = default_directories(user());
  CHECK(bare.runtime_dir == "/tmp/superd-1000");
  CHECK(bare.log_dir == "/home/me/.local/state/superd");
  CHECK(bare.state_dir == "/home/me/.local/state/superd");

  Surroundings who = user();
  who.environment = {{"XDG_RUNTIME_DIR", "/run/user/1000"}, {"XDG_STATE_HOME", "/state"}};
  CHECK(default_directories(who).runtime_dir == "/run/user/1000/superd");
  CHECK(default_directories(who).log_dir == "/state/superd");
  who.environment = {{"XDG_RUNTIME_DIR", "relative"}, {"XDG_STATE_HOME", ""}};
  CHECK(default_directories(who).runtime_dir == "/tmp/superd-1000");
  CHECK(default_directories(who).log_dir == "/home/me/.local/state/superd");
  who.home.clear();
  CHECK(default_directories(who).log_dir == "/tmp/superd-1000");
}

TEST_CASE("the control socket is -s, else SUPERD_SOCKET, else the config's, else the default",
          "[config]") {
  const ConfigFolder folder;
  const auto config =
      folder.write("superd.toml", "x = 1\n[superd]\ncontrol = \"c.sock\"\nlog_level = 5\n");
  const auto plain = folder.write("plain.toml", "");
  Surroundings who = user();
  CHECK(find_control_socket({.socket = "/s", .config = config}, who) == "/s");
  CHECK(find_control_socket({.socket = {}, .config = config}, who) == folder.path() + "/c.sock");
  CHECK(find_control_socket({.socket = {}, .config = plain}, who) ==
        "/tmp/superd-1000/control.sock");
  who.environment = {{"SUPERD_SOCKET", "/w.sock"}};
  CHECK(find_control_socket({.socket = {}, .config = config}, who) == "/w.sock");
  CHECK(find_control_socket({.socket = "/s", .config = {}}, who) == "/s");
}

TEST_CASE("a config that does not tell the control socket is an error, never the default socket",
          "[config]") {
  const ConfigFolder folder;
  Surroundings who = user();
  const auto why = [&](const std::string& config) {
    const auto found = find_control_socket({.socket = {}, .config = config}, who);
    return found ? "found " + *found : found.error().message;
  };
  const std::string remedy =
      ": so the control socket is not known; mend it, or name the socket with -s PATH";
  CHECK(why("/nowhere.toml") ==
        "/nowhere.toml: cannot be read: No such file or directory" + remedy);
  who.environment = {{"SUPERD_CONFIG", "/nowhere.toml"}};
  CHECK_FALSE(find_control_socket({}, who));
  for (const char* text : {"x = [\n", "[superd]\ncontrol = 5\n", "[superd]\nruntime_dir = 5\n",
                           "[superd]\ncontroll = 'c.sock'\n", "superd = 5\n"}) {
    CAPTURE(text);
    CHECK(why(folder.write("bad.toml", text)).ends_with(remedy));
  }
}
