#include <csignal>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

TEST_CASE("a group needs a command alone; everything else has a default", "[config]") {
  const core::GroupSpec group = group_of("");
  CHECK(group.name == "web");
  CHECK(group.command == Words{"sleep", "1"});
  CHECK(group.workers == 1);
  CHECK(group.listen.empty());
  CHECK(group.autostart);
  CHECK_FALSE(group.clear_env);
  CHECK_FALSE(group.user);
  CHECK(group.ready.timeout == 60s);
  CHECK(group.ready.delay == 1s);
  CHECK(group.stop.signal == SIGTERM);
  CHECK(group.stop.timeout == 35s);
  CHECK(group.respawn.policy == core::RespawnPolicy::always);
  CHECK(group.respawn.backoff.max == 30s);
  CHECK(group.respawn.clean_statuses == std::vector<int>{0});
  CHECK(group.log.output == core::LogOutput::file);
  CHECK(group.log.max_size == 50ULL << 20U);
  CHECK(group.place.line == 1);
}

TEST_CASE("a command is an array, or one string that is split as a shell would", "[config]") {
  CHECK(group_of(R"(command = "gunicorn --name 'my app' app:app")").command ==
        Words{"gunicorn", "--name", "my app", "app:app"});
  CHECK(group_of(R"(command = ["sh", "-c", "echo $HOME", ""])").command ==
        Words{"sh", "-c", "echo $HOME", ""});
}

TEST_CASE("every key of a group is read", "[config]") {
  const core::GroupSpec group = group_of(R"(
command = ["x", "{port}", "{fd:admin}"]
workers = 4
listen = ["127.0.0.1:8000", { address = "unix:/run/a.sock", name = "admin", backlog = 64, mode = "0660", owner = "www-data:ops" }]
socket_env = "none"
port_base = 9000
user = "www-data"
group = "ops"
extra_groups = ["root", "www-data"]
umask = "0027"
env = { A = "1", "B" = "{worker}" }
clear_env = true
autostart = false
[group.web.ready]
when = "notify"
timeout = "5m"
[group.web.stop]
signal = "SIGQUIT"
timeout = "1h30m"
[group.web.respawn]
policy = "on-failure"
backoff = { min = "1s", max = "1m", factor = 3, jitter = 0 }
reset_after = "1m"
give_up = { failures = 5, within = "10m" }
success = [0, 3, "TERM", "RTMIN+1"]
[group.web.limits]
nofile = [1024, 65536]
core = "unlimited"
as = "1GiB"
nproc = 100
nice = -5
oom_score_adj = 500
cpus = "0-1,3"
no_new_privileges = false
[group.web.log]
output = "discard"
max_size = "1MiB"
keep = 3
format = "json"
compress = true
overflow = "block"
)");
  CHECK(group.workers == 4);
  REQUIRE(group.listen.size() == 2);
  CHECK(group.listen[0].name == "socket");
  CHECK(group.listen[0].backlog == 4096);
  CHECK(group.listen[1].name == "admin");
  CHECK(group.listen[1].backlog == 64);
  CHECK(group.listen[1].mode == 0660U);
  CHECK(group.listen[1].owner == "www-data:ops");
  CHECK(group.socket_env == core::SocketEnv::none);
  CHECK(group.port_base == 9000);
  CHECK(group.user == "www-data");
  CHECK(group.group == "ops");
  CHECK(group.extra_groups == Words{"root", "www-data"});
  CHECK(group.umask == 0027U);
  REQUIRE(group.env.size() == 2);
  CHECK(group.env[1].name == "B");
  CHECK(group.env[1].value == "{worker}");
  CHECK(group.clear_env);
  CHECK_FALSE(group.autostart);
  CHECK(group.ready.when == core::ReadyWhen::notify);
  CHECK(group.ready.timeout == 5min);
  CHECK(group.stop.signal == SIGQUIT);
  CHECK(group.stop.timeout == 90min);
  CHECK(group.respawn.policy == core::RespawnPolicy::on_failure);
  CHECK(group.respawn.backoff.min == 1s);
  CHECK(group.respawn.backoff.factor == 3.0);
  CHECK(group.respawn.reset_after == 1min);
  CHECK(group.respawn.give_up.failures == 5);
  CHECK(group.respawn.clean_statuses == std::vector<int>{0, 3});
  CHECK(group.respawn.clean_signals == std::vector<int>{SIGTERM, SIGRTMIN + 1});
  CHECK(group.limits.nofile->soft == 1024);
  CHECK(group.limits.nofile->hard == 65536);
  CHECK(group.limits.core->soft == RLIM_INFINITY);
  CHECK(group.limits.address_space->hard == 1U << 30U);
  CHECK(group.limits.nproc->soft == 100);
  CHECK(group.limits.nice == -5);
  CHECK(group.limits.oom_score_adj == 500);
  CHECK(group.limits.cpus == std::vector<int>{0, 1, 3});
  CHECK(group.limits.no_new_privileges == false);
  CHECK(group.log.output == core::LogOutput::discard);
  CHECK(group.log.format == core::LogFormat::json);
  CHECK(group.log.max_size == 1U << 20U);
  CHECK(group.log.keep == 3);
  CHECK(group.log.compress);
  CHECK(group.log.overflow == core::LogOverflow::block);
}

TEST_CASE("paths of a group are relative to its directory, which is relative to the file",
          "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", R"(
[group.a]
command = ["x"]
env_file = ".env"
listen = ["unix:run/a.sock"]
[group.b]
command = ["x"]
directory = "srv/{group}"
env_file = "../{worker}.env"
listen = ["unix:./b.sock"]
[group.c]
command = ["x"]
directory = "/srv/c"
env_file = "/etc/env"
)");
  const auto loaded = folder.load();
  REQUIRE(loaded.errors.empty());
  const auto& groups = loaded.spec.groups;
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].directory == folder.path());
  CHECK(groups[0].env_file == folder.path() + "/.env");
  CHECK(groups[0].listen[0].path == folder.path() + "/run/a.sock");
  CHECK(groups[1].directory == folder.path() + "/srv/{group}");
  CHECK(groups[1].env_file == folder.path() + "/srv/{group}/../{worker}.env");
  CHECK(groups[1].listen[0].address == "unix:" + folder.path() + "/srv/b/b.sock");
  CHECK(groups[2].directory == "/srv/c");
  CHECK(groups[2].env_file == "/etc/env");
}

TEST_CASE("braces in the path of the config itself are no placeholders", "[config]") {
  const ConfigFolder folder;
  folder.write("{x}/superd.toml", "[group.web]\ncommand = [\"x\"]\nlisten = [\"unix:a.sock\"]\n");
  const auto loaded = folder.load("{x}/superd.toml");
  REQUIRE(loaded.errors.empty());
  CHECK(loaded.spec.groups[0].directory == folder.path() + "/{{x}}");
  CHECK(loaded.spec.groups[0].listen[0].path == folder.path() + "/{x}/a.sock");
}

TEST_CASE("unnamed sockets are called by their position", "[config]") {
  const auto group = group_of(R"(listen = [":80", { address = ":81", name = "b" }, ":82"])");
  CHECK(group.listen[0].name == "socket");
  CHECK(group.listen[1].name == "b");
  CHECK(group.listen[2].name == "socket3");
}

TEST_CASE("an ordinary user may name itself as user and group: nothing is to be switched",
          "[config]") {
  const auto group = group_of("user = \"deploy\"\ngroup = \"deploy\"", user_machine());
  CHECK_FALSE(group.user);
  CHECK_FALSE(group.group);
  CHECK(group_of("limits = { nofile = 4096, nice = 5 }", user_machine()).limits.nofile->hard ==
        4096);
}
