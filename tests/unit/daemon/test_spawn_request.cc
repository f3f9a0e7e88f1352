#include <algorithm>

#include <catch2/catch.hpp>

#include "daemon/spawn_request.h"

using namespace superd;

namespace {

core::GroupSpec web() {
  core::GroupSpec spec;
  spec.name = "web";
  spec.command = {"serve", "--port", "{port}", "--name={group}-{worker}", "{{literal}}"};
  spec.workers = 2;
  spec.port_base = 8000;
  spec.directory = "/";
  spec.env = {{.name = "WHO", .value = "{group}.{worker}@{generation}"}};
  return spec;
}

daemon::Recipe recipe_of(const core::GroupSpec& spec) {
  auto recipe = daemon::make_recipe(spec, 7);
  REQUIRE(recipe);
  return *recipe;
}

bool has(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

}  // namespace

TEST_CASE("a start: placeholders are replaced for each worker", "[spawn]") {
  const core::GroupSpec spec = web();
  const auto request = daemon::make_spawn_request(recipe_of(spec), {.worker = 2});
  REQUIRE(request);
  CHECK(request->argv ==
        std::vector<std::string>{"serve", "--port", "8001", "--name=web-2", "{literal}"});
  CHECK(has(request->env, "WHO=web.2@7"));
  CHECK(has(request->env, "SUPERD_WORKER=web.2"));
  CHECK(has(request->env, "SUPERD_GENERATION=7"));
}

TEST_CASE("a start: LISTEN_FDS is not set where the command names a descriptor", "[spawn]") {
  core::GroupSpec spec = web();
  spec.listen.resize(1);
  spec.listen[0].name = "socket";
  auto with = daemon::make_spawn_request(recipe_of(spec), {.worker = 1, .sockets = {9}});
  REQUIRE(with);
  CHECK(has(with->env, "LISTEN_FDS=1"));
  CHECK(has(with->env, "LISTEN_PID="));
  spec.command.push_back("fd://{fd:socket}");
  auto without = daemon::make_spawn_request(recipe_of(spec), {.worker = 1, .sockets = {9}});
  REQUIRE(without);
  CHECK_FALSE(has(without->env, "LISTEN_FDS=1"));
  CHECK(without->argv.back() == "fd://3");
}

TEST_CASE("a recipe: a directory that is missing is an error that names it", "[recipe]") {
  core::GroupSpec spec = web();
  spec.directory = "/nowhere/at/all";
  const auto recipe = daemon::make_recipe(spec, 1);
  REQUIRE_FALSE(recipe);
  CHECK(recipe.error().message == "chdir /nowhere/at/all: No such file or directory");
}

TEST_CASE("a recipe: an environment file that is missing is an error with its path", "[spawn]") {
  core::GroupSpec spec = web();
  spec.env_file = "/nowhere/.env";
  const auto recipe = daemon::make_recipe(spec, 1);
  REQUIRE_FALSE(recipe);
  CHECK(recipe.error().message == "env_file /nowhere/.env: No such file or directory");
}

TEST_CASE("an errand: it runs as its worker would, without sockets and without a word of them",
          "[spawn]") {
  core::GroupSpec spec = web();
  spec.listen.resize(1);
  spec.listen[0].name = "socket";
  spec.umask = 027;
  spec.limits.nice = 5;
  const daemon::Recipe recipe = recipe_of(spec);
  const std::vector<std::string> check = {"manage.py", "check", "--as={worker}"};
  const auto request =
      daemon::make_errand_request(recipe, check, {.worker = 2, .sockets = {9}, .errand = "mark/1"});
  REQUIRE(request);
  CHECK(request->argv == std::vector<std::string>{"manage.py", "check", "--as=2"});
  CHECK(request->directory == "/");
  CHECK(request->umask == mode_t{027});
  CHECK(request->nice == 5);
  CHECK(request->sockets.empty());
  CHECK(has(request->env, "WHO=web.2@7"));
  CHECK(has(request->env, "SUPERD_WORKER=web.2"));
  CHECK(has(request->env, "SUPERD_ERRAND=mark/1"));
  for (const std::string& entry : request->env) {
    CHECK_FALSE(entry.starts_with("LISTEN_"));
    CHECK_FALSE(entry.starts_with("NOTIFY_SOCKET"));
  }
}

TEST_CASE("an errand: a command that names a socket is refused, the environment may", "[spawn]") {
  core::GroupSpec spec = web();
  spec.listen.resize(1);
  spec.listen[0].name = "socket";
  spec.env.push_back({.name = "BIND", .value = "fd://{fd:socket}"});
  const daemon::Recipe recipe = recipe_of(spec);
  CHECK(daemon::make_errand_request(recipe, {"true"}, {}));
  CHECK_FALSE(daemon::make_errand_request(recipe, {"check", "{fd:socket}"}, {}));
}

TEST_CASE("a start: {fd:ready} is the descriptor after the sockets, and none of LISTEN_FDS",
          "[spawn]") {
  core::GroupSpec spec = web();
  spec.listen.resize(2);
  spec.listen[0].name = "socket";
  spec.listen[1].name = "socket2";
  spec.ready.when = core::ReadyWhen::fd;
  spec.env.push_back({.name = "READY_FD", .value = "{fd:ready}"});
  const auto request =
      daemon::make_spawn_request(recipe_of(spec), {.worker = 1, .sockets = {9, 8}, .ready_fd = 20});
  REQUIRE(request);
  CHECK(request->sockets == std::vector<int>{9, 8, 20});
  CHECK(has(request->env, "READY_FD=5"));
  CHECK(has(request->env, "LISTEN_FDS=2"));
  CHECK(has(request->env, "LISTEN_FDNAMES=socket:socket2"));
}

TEST_CASE(
    "a start: {addr:NAME} is where a socket listens, of a private one another place each time",
    "[spawn]") {
  core::GroupSpec spec = web();
  spec.listen.resize(3);
  spec.listen[0].name = "http";
  spec.listen[0].address = "127.0.0.1:8000";
  spec.listen[1].name = "probe";
  spec.listen[1].sharing = core::Sharing::spawn;
  spec.listen[2].name = "local";
  spec.listen[2].family = core::Family::unix_path;
  spec.listen[2].address = "unix:/run/web.sock";
  spec.listen[2].path = "/run/web.sock";
  spec.command = {"serve", "{addr:http}", "{addr:probe}", "{addr:local}", "{fd:probe}"};
  spec.env.push_back({.name = "PROBE", .value = "http://{addr:probe}/"});
  const daemon::Recipe recipe = recipe_of(spec);
  for (const std::string address : {"127.0.0.1:43211", "127.0.0.1:43212"}) {
    const auto request = daemon::make_spawn_request(
        recipe, {.worker = 1,
                 .sockets = {9, 20, 8},
                 .addresses = {"127.0.0.1:8000", address, "/run/web.sock"}});
    REQUIRE(request);
    CHECK(request->argv ==
          std::vector<std::string>{"serve", "127.0.0.1:8000", address, "/run/web.sock", "4"});
    CHECK(has(request->env, "PROBE=http://" + address + "/"));
    CHECK(request->sockets == std::vector<int>{9, 20, 8});
  }
  // A command beside the workers has none; the environment that it shares with them says so.
  const auto errand = daemon::make_errand_request(recipe, {"curl", "{addr:http}"}, {});
  REQUIRE(errand);
  CHECK(errand->argv.back() == "127.0.0.1:8000");
  CHECK(has(errand->env, "PROBE=http:///"));
}
