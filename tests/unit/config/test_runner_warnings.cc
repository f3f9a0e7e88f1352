#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/address.h"
#include "config_fixture.h"
#include "core/environment.h"
#include "runner_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

const std::string kHook = " --hook-master-start 'unix_signal:15 gracefully_kill_them_all'";

struct Row {
  std::string command;
  Strings said;  // a part of each warning, in order
};

void check(const Strings& warnings, const Strings& said) {
  REQUIRE(warnings.size() == said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    INFO(warnings[i]);
    CHECK(warnings[i].find(said[i]) != std::string::npos);
  }
}

void check(const std::vector<Row>& rows, const Files& files = {}) {
  for (const Row& row : rows) {
    INFO(row.command);
    check(warnings_of(row.command, files), row.said);
  }
}

core::GroupSpec on_unix(const std::string& command) {
  core::GroupSpec group = group_running(command);
  group.listen = {*parse_address("unix:/run/web.sock")};
  group.listen.back().name = "socket";
  return group;
}

}  // namespace

TEST_CASE("warnings: a runner that is configured well has none", "[config]") {
  for (const std::string command :
       {"gunicorn app:app", "gunicorn --bind fd://3 app:app",
        "uwsgi --http-socket fd://3 --need-app", "superd-waitress app:app", "uvicorn --fd 3 a:b",
        "hypercorn --bind fd://3 a:b", "cheroot app:app", "puma -b tcp://127.0.0.1:8000",
        "puma --bind-to-activated-sockets", "unicorn", "node server.js", "./serve",
        "sh start.sh"}) {
    INFO(command);
    check(warnings_of(command), {});
  }
  check({{"uwsgi --http-socket fd://3 --master --need-app" + kHook, {}}});
}

TEST_CASE("warnings: gunicorn", "[config]") {
  check({{"gunicorn --daemon app:app", {"into the background"}},
         {"gunicorn --reload app:app", {"behind superd's back"}},
         {"gunicorn --reuse-port app:app", {"SO_REUSEPORT"}},
         {"gunicorn --pid /run/g.pid app:app", {"leave --pid out"}},
         {"gunicorn -b 127.0.0.1:8000 app:app", {"--bind 127.0.0.1:8000 means nothing"}},
         {"gunicorn -b:8000 app:app", {"--bind :8000 means nothing"}}});
  check(warnings_of(on_unix("gunicorn --bind fd://3 app:app")), {"removes the path"});
  check(warnings_of(on_unix("gunicorn app:app")), {});
  check(
      warnings_of(on_unix("gunicorn app:app"), {{"/srv/gunicorn.conf.py", "bind = ['fd://3']\n"}}),
      {"removes the path"});
  // What stands in the command replaces what the file says.
  core::GroupSpec bound = on_unix("gunicorn --bind unix:/run/web.sock app:app");
  check(warnings_of(bound, {{"/srv/gunicorn.conf.py", "bind = ['fd://3']\n"}}), {"means nothing"});
  settle(bound, {{"/srv/gunicorn.conf.py", "bind = ['fd://3']\n"}});
  CHECK(core::sets_listen_fds(bound));
  core::GroupSpec both = group_running("gunicorn --bind fd://3 app:app");
  both.socket_env = core::SocketEnv::listen_fds;
  check(warnings_of(both), {"bad file descriptor"});
  core::GroupSpec none = group_running("gunicorn --bind 127.0.0.1:8000 app:app");
  none.socket_env = core::SocketEnv::none;
  check(warnings_of(none), {"by itself, beside superd"});
  core::GroupSpec alone = group_running("gunicorn --bind 127.0.0.1:8000 app:app");
  alone.listen.clear();
  check(warnings_of(alone), {"without `listen` gunicorn binds its own socket"});
}

TEST_CASE("warnings: uWSGI", "[config]") {
  const std::string good = "uwsgi --http-socket fd://3 --need-app --master" + kHook;
  check({{"uwsgi --http-socket fd://3 --need-app --master",
          {R"(add "--hook-master-start", "unix_signal:15 gracefully_kill_them_all")"}},
         {good + " --die-on-term", {"leave it out"}},
         {"uwsgi --http-socket fd://3 --master" + kHook, {R"(add "--need-app")"}},
         {good + " --daemonize /tmp/log", {"into the background"}},
         {good + " --reuse-port", {"SO_REUSEPORT"}},
         {good + " --py-autoreload 1", {"behind superd's back"}},
         {"uwsgi --http fd://3 --need-app --master" + kHook,
          {"write --http-socket fd://{fd:socket} instead"}},
         {"uwsgi --http fd://3 --need-app --master --lazy-apps" + kHook,
          {"write --http-socket", "ready too early: write --http-socket instead of --http"}},
         {"uwsgi --http-socket fd://3 --need-app --processes 2", {"needs a master"}},
         {"uwsgi --http-socket 127.0.0.1:8000 --need-app --master" + kHook,
          {"write --http-socket fd://{fd:socket}"}},
         {"uwsgi --socket fd://3 --master" + kHook, {R"(add "--need-app")"}},
         {"uwsgi --ini gone.ini", {"cannot see how this uWSGI stops (gone.ini"}},
         {"uwsgi --yaml app.yaml", {"superd reads ini files alone"}}});
  core::GroupSpec stop_first = group_running("uwsgi --http-socket fd://3 --master" + kHook);
  stop_first.roll.strategy = core::RollStrategy::stop_first;
  check(warnings_of(stop_first), {R"(add "--need-app")", "with stop-first nothing is rehearsed"});
}

TEST_CASE("warnings: the other Python servers", "[config]") {
  const std::string drops = "has no graceful stop";
  check({{"waitress-serve app:app", {"requests that wait", "write socket_shim = true"}},
         {"uvicorn aapp:app", {R"(add "--fd", "{fd:socket}")"}},
         {"uvicorn --fd 3 --reload aapp:app", {"behind superd's back"}},
         {"hypercorn aapp:app", {R"(write "--bind", "fd://{fd:socket}")"}},
         {"hypercorn -b fd://3 --reload aapp:app", {"behind superd's back"}},
         {"daphne --fd 3 aapp:app", {drops}},
         {"daphne aapp:app", {drops, R"(add "--fd", "{fd:socket}")"}},
         {"twist3 web --listen systemd:domain=INET:index=0", {drops}},
         {"twist3 web", {drops, "systemd:domain=INET:index=0"}},
         {"twistd web --port systemd:domain=INET:index=0", {drops, "add -n"}}});
  check(warnings_of(on_unix("cheroot app:app")), {"answers nothing on an inherited unix socket"});
  check(warnings_of(on_unix("daphne --fd 3 a:b")), {drops, "-e systemd:domain=UNIX:index=0"});
  check(warnings_of(on_unix("twist3 web --listen systemd:domain=UNIX:index=0")),
        {drops, "with 500"});
  core::GroupSpec shim = group_running("waitress-serve --listen {addr:socket} app:app");
  shim.socket_shim = true;
  check(warnings_of(shim), {"requests that wait"});
}

TEST_CASE("warnings: Apache, php-fpm, Ruby", "[config]") {
  const std::string early = "counts as ready too early";
  check({{"apache2 -DFOREGROUND", {"write socket_shim = true", early}},
         {"apache2", {"add -DFOREGROUND", "write socket_shim = true", early}},
         {"apache2ctl -D FOREGROUND", {"name apache2 or httpd itself", "socket_shim", early}},
         {"puma -b tcp://0.0.0.0:9292", {"write -b tcp://127.0.0.1:8000"}},
         {"unicorn -D", {"into the background"}},
         {"unicorn -l 0.0.0.0:8080", {"beside them by itself"}}});
  const Files files = {
      {"/srv/good.conf", "[global]\ndaemonize = no\nprocess_control_timeout = 30s\n"},
      {"/srv/bad.conf", "[global]\nprocess_control_timeout = 0\n"},
      {"/srv/u.rb", "pid '/run/u.pid'\n"}};
  check({{"env FPM_SOCKETS=127.0.0.1:8000=3 php-fpm -y good.conf", {}},
         {"env FPM_SOCKETS=127.0.0.1:8000=3 php-fpm -F -y bad.conf",
          {"add process_control_timeout = 30s"}},
         {"env FPM_SOCKETS=127.0.0.1:8000=3 php-fpm -F -y gone.conf",
          {"cannot see whether php-fpm finishes"}},
         {"php-fpm -y good.conf", {R"(FPM_SOCKETS = "127.0.0.1:8000={fd:socket}")"}},
         {"env FPM_SOCKETS=127.0.0.1:8000=3 php-fpm -y bad.conf",
          {"add process_control_timeout", "add -F"}},
         {"unicorn -c u.rb", {"leave `pid` out"}}},
        files);
}

TEST_CASE("warnings: the notification of a runner that lies or says nothing", "[config]") {
  const auto notified = [](const std::string& command) {
    core::GroupSpec group = group_running(command);
    group.ready.when = core::ReadyWhen::notify;
    return warnings_of(group);
  };
  check(notified("gunicorn app:app"), {"before it has loaded"});
  check(notified("gunicorn --preload app:app"), {});
  check(notified("uwsgi --http-socket fd://3 --need-app --lazy-apps"), {"before it has loaded"});
  check(notified("uwsgi --http-socket fd://3 --need-app"), {});
  check(notified("uvicorn --fd 3 a:b"), {"never says READY=1"});
  check(notified("superd-waitress a:b"), {"never says READY=1"});
  check(notified("puma -b tcp://127.0.0.1:8000"), {});
  check(notified("./serve"), {});
}

TEST_CASE("warnings: a stop that cuts what the runner would finish", "[config]") {
  const auto stopped = [](const std::string& command) {
    core::GroupSpec group = group_running(command);
    RunnerChoice choice = choose_runner(
        std::nullopt, group,
        [](const std::string& path) -> Result<std::string> { return fail("cannot read " + path); });
    apply_preset(choice, group);
    group.stop.timeout = 1s;
    choice.warnings.clear();
    finish_preset(choice, group);
    return choice.warnings.size();
  };
  CHECK(stopped("gunicorn app:app") == 1);
  CHECK(stopped("unicorn") == 1);
  CHECK(stopped("uvicorn --fd 3 a:b") == 0);
  CHECK(stopped("uwsgi --http-socket fd://3 --master") == 0);
  CHECK(stopped("daphne --fd 3 a:b") == 0);
}

TEST_CASE("warnings: what stands between superd and the runner", "[config]") {
  check({{"uv run gunicorn app:app", {"uv stays in front of gunicorn"}},
         {"sh -c 'gunicorn app:app'", {"reach the shell, and not gunicorn"}},
         {"sh -c 'echo hello'", {}}});
}

TEST_CASE("warnings: they stand where the cause is, and never make a config wrong", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml",
               "[group.web]\n"
               "command = ['gunicorn', '--reload',\n"
               "           '--pid', '/run/g.pid', 'app:app']\n"
               "listen = [':8000']\n"
               "stop = { signal = 'QUIT', timeout = '10s' }\n");
  const Loaded loaded = folder.load();
  CHECK(loaded.errors.empty());
  Strings places;
  for (const ConfigError& warning : loaded.warnings) {
    places.push_back(std::to_string(warning.place.line) + ":" +
                     std::to_string(warning.place.column) + " " +
                     warning.message.substr(0, warning.message.find(": ")));
  }
  CHECK(places == Strings{"2:24 group.web.command", "3:21 group.web.command",
                          "5:19 group.web.stop.signal", "5:37 group.web.stop.timeout"});
}

TEST_CASE("warnings: a config with an error says that alone", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "[group.web]\ncommand = ['gunicorn', '--reload']\nworkers = 'x'\n");
  CHECK(folder.load().errors.size() == 1);
  CHECK(folder.load().warnings.empty());
}
