#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "runner_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;

namespace {

const std::string kHook = " --hook-master-start 'unix_signal:15 gracefully_kill_them_all'";

struct Row {
  std::string command;
  std::string said;
};

void check(const std::vector<Row>& rows, const Files& files = {}) {
  for (const Row& row : rows) {
    INFO(row.command);
    CHECK(said_of(row.command, files) == row.said);
  }
}

}  // namespace

TEST_CASE("presets: gunicorn stops by TERM within its graceful timeout and 5 s", "[config]") {
  const std::string begin = "runner gunicorn (the command runs \"gunicorn\"): stop TERM, timeout ";
  const std::string end = ", ready listening, clean exits 0, reload HUP, sockets by LISTEN_FDS";
  check({{"gunicorn app:app", begin + "35s (graceful-timeout 30s and 5s)" + end},
         {"gunicorn --graceful-timeout 60 app:app",
          begin + "1m5s (graceful-timeout 1m and 5s)" + end},
         {"gunicorn --graceful-timeout=10 app:app",
          begin + "15s (graceful-timeout 10s and 5s)" + end},
         {"env GUNICORN_CMD_ARGS='--graceful-timeout 20' gunicorn app:app",
          begin + "25s (graceful-timeout 20s and 5s)" + end}});
  check({{"gunicorn app:app", begin + "50s (graceful-timeout 45s and 5s)" + end}},
        {{"/srv/gunicorn.conf.py", "workers = 2\ngraceful_timeout = 45  # seconds\n"}});
  check({{"gunicorn -c etc/g.py app:app", begin + "50s (graceful-timeout 45s and 5s)" + end}},
        {{"/srv/etc/g.py", "graceful_timeout=45\n"}});
  check({{"gunicorn --bind fd://3 --preload app:app",
          "runner gunicorn, preloaded (the command runs \"gunicorn\"): stop TERM, timeout 35s "
          "(graceful-timeout 30s and 5s), ready listening, clean exits 0, reload HUP, sockets by "
          "descriptor"}});
  CHECK(said_of("gunicorn app:app", {{"/srv/gunicorn.conf.py", "bind = ['fd://3']\n"}})
            .ends_with("sockets by descriptor"));
}

TEST_CASE("presets: uWSGI stops as it is configured to", "[config]") {
  const std::string runs = " (the command runs \"uwsgi\"): ";
  check(
      {{"uwsgi --http-socket fd://3 --master --need-app" + kHook,
        "runner uwsgi, master with the hook" + runs +
            "stop TERM, timeout 1m5s (worker-reload-mercy 1m and 5s), ready listening, clean "
            "exits 0, reload HUP, sockets by descriptor"},
       {"uwsgi --socket fd://3 -M --need-app --worker-reload-mercy 20"
        " --hook-master-start 'unix_signal:10 gracefully_kill_them_all'",
        "runner uwsgi, master with the hook" + runs +
            "stop USR1, timeout 25s (worker-reload-mercy 20s and 5s), ready listening, clean "
            "exits 0, reload HUP, sockets by descriptor"},
       {"uwsgi --protocol http --master --need-app" + kHook,
        "runner uwsgi, master with the hook" + runs +
            "stop TERM, timeout 1m5s (worker-reload-mercy 1m and 5s), ready listening, clean "
            "exits 0, sockets by LISTEN_FDS"},
       {"uwsgi --http-socket fd://3 --master --need-app --lazy-apps" + kHook,
        "runner uwsgi, master with the hook, lazy" + runs +
            "stop TERM, timeout 1m5s (worker-reload-mercy 1m and 5s), ready listening, clean "
            "exits 0, reload HUP, sockets by descriptor"},
       {"uwsgi --http-socket fd://3 --master --need-app",
        "runner uwsgi, master without the hook" + runs +
            "stop INT, timeout 1m5s (worker-reload-mercy 1m and 5s), ready listening, clean exits "
            "0, reload HUP, sockets by descriptor"},
       {"uwsgi --http-socket fd://3 --need-app",
        "runner uwsgi, without a master" + runs +
            "stop HUP, timeout 35s, ready listening, clean exits 0 17 30, sockets by descriptor"},
       {"uwsgi --http fd://3 --master --need-app" + kHook,
        "runner uwsgi, master with the hook, http router" + runs +
            "stop TERM, timeout 1m5s (worker-reload-mercy 1m and 5s), ready listening, clean exits "
            "0, sockets by descriptor"}});
}

TEST_CASE("presets: uWSGI's options are found in its ini file and its variables too", "[config]") {
  const Files files = {
      {"/srv/app.ini",
       "[uwsgi]\nhttp-socket = fd://3\nmaster = true\nneed-app = true\n"
       "hook-master-start = unix_signal:15 gracefully_kill_them_all\n[other]\nlazy-apps = true\n"},
      {"/srv/off.ini", "[uwsgi]\nhttp-socket = fd://3\nmaster = false\nneed-app = true\n"}};
  const std::string hooked =
      "runner uwsgi, master with the hook (the command runs \"uwsgi\"): stop TERM, timeout 1m5s "
      "(worker-reload-mercy 1m and 5s), ready listening, clean exits 0, reload HUP, sockets by "
      "descriptor";
  check(
      {{"uwsgi --ini app.ini", hooked},
       {"uwsgi --ini=app.ini", hooked},
       {"uwsgi app.ini", hooked},
       {"env UWSGI_INI=/srv/app.ini uwsgi", hooked},
       {"env UWSGI_MASTER=1 UWSGI_NEED_APP=1 uwsgi --http-socket fd://3" + kHook, hooked},
       {"uwsgi --ini off.ini",
        "runner uwsgi, without a master (the command runs \"uwsgi\"): stop HUP, timeout 35s, ready "
        "listening, clean exits 0 17 30, sockets by descriptor"}},
      files);
  CHECK(said_of("uwsgi --ini app.ini:other", files).find("without a master, lazy") !=
        std::string::npos);
  CHECK(said_of("uwsgi --ini gone.ini", files)
            .starts_with("runner uwsgi, options that superd cannot read"));
}

TEST_CASE("presets: WSGI servers of one process", "[config]") {
  const std::string graceful =
      "stop TERM, timeout 35s (graceful-timeout 30s and 5s), ready listening, clean exits 0, "
      "sockets "
      "by LISTEN_FDS";
  check(
      {{"python3 superd-waitress app:app",
        "runner waitress, launcher (the command runs \"superd-waitress\"): " + graceful},
       {"superd-cheroot app:app",
        "runner cheroot, launcher (the command runs \"superd-cheroot\"): " + graceful},
       {"superd-uvicorn --log-level warning app:app",
        "runner uvicorn, launcher (the command runs \"superd-uvicorn\"): " + graceful},
       {"python3 superd-hypercorn --log-level warning app:app",
        "runner hypercorn, launcher (the command runs \"superd-hypercorn\"): " + graceful},
       {"superd-gevent app:app",
        "runner gevent, launcher (the command runs \"superd-gevent\"): " + graceful},
       {"superd-wsgiref --graceful-timeout 5 app:app",
        "runner wsgiref, launcher (the command runs \"superd-wsgiref\"): stop TERM, timeout 10s "
        "(graceful-timeout 5s and 5s), ready listening, clean exits 0, sockets by LISTEN_FDS"},
       {"waitress-serve --listen 127.0.0.1:8000 app:app",
        "runner waitress, waitress-serve (the command runs \"waitress-serve\"): stop INT, timeout "
        "10s (its wait for threads 5s and 5s), ready listening, clean exits 0, sockets by "
        "LISTEN_FDS"},
       {"cheroot app:app",
        "runner cheroot, cheroot's own command (the command runs \"cheroot\"): stop INT, timeout "
        "10s (shutdown-timeout 5s and 5s), ready listening, clean exits 0 INT, sockets by "
        "LISTEN_FDS"},
       {"twist3 web --wsgi app.app --listen systemd:domain=INET:index=0",
        "runner twist (the command runs \"twist3\"): stop TERM, timeout 5s (it drops its requests "
        "at once and may hang after that), ready listening, clean exits 0, sockets by "
        "LISTEN_FDS"}});
}

TEST_CASE("presets: ASGI servers", "[config]") {
  check(
      {{"uvicorn --fd 3 aapp:app",
        "runner uvicorn (the command runs \"uvicorn\"): stop TERM, timeout 35s, ready listening, "
        "clean exits 0, sockets by descriptor"},
       {"uvicorn --fd 3 --timeout-graceful-shutdown 10 aapp:app",
        "runner uvicorn (the command runs \"uvicorn\"): stop TERM, timeout 15s "
        "(timeout-graceful-shutdown 10s and 5s), ready listening, clean exits 0, sockets by "
        "descriptor"},
       {"uvicorn --fd 3 --workers 2 aapp:app",
        "runner uvicorn, several processes (the command runs \"uvicorn\"): stop TERM, timeout 35s, "
        "ready listening, clean exits 0, sockets by descriptor"},
       {"hypercorn --bind fd://3 aapp:app",
        "runner hypercorn (the command runs \"hypercorn\"): stop TERM, timeout 8s "
        "(graceful-timeout 3s and 5s), ready listening, clean exits 0, sockets by descriptor"},
       {"hypercorn -b fd://3 -w 2 --graceful-timeout 30 aapp:app",
        "runner hypercorn, several processes (the command runs \"hypercorn\"): stop TERM, timeout "
        "35s (graceful-timeout 30s and 5s), ready listening, clean exits 0, sockets by "
        "descriptor"},
       {"daphne --fd 3 aapp:app",
        "runner daphne (the command runs \"daphne\"): stop TERM, timeout 15s "
        "(application-close-timeout 10s and 5s), ready listening, clean exits 0, sockets by "
        "descriptor"},
       {"daphne -e systemd:domain=INET:index=0 aapp:app",
        "runner daphne (the command runs \"daphne\"): stop TERM, timeout 15s "
        "(application-close-timeout 10s and 5s), ready listening, clean exits 0, sockets by "
        "LISTEN_FDS"}});
  check({{"hypercorn -c h.toml aapp:app",
          "runner hypercorn (the command runs \"hypercorn\"): stop TERM, timeout 25s "
          "(graceful-timeout 20s and 5s), ready listening, clean exits 0, sockets by descriptor"}},
        {{"/srv/h.toml", "bind = [\"fd://3\"]\ngraceful_timeout = 20\n"}});
}

TEST_CASE("presets: Ruby servers", "[config]") {
  const std::string end = ", ready listening, clean exits 0 TERM, sockets by LISTEN_FDS";
  check({{"puma -b tcp://127.0.0.1:8000",
          "runner puma, single (the command runs \"puma\"): stop TERM, timeout 35s" + end},
         {"puma -b tcp://127.0.0.1:8000 -w 2",
          "runner puma, cluster (the command runs \"puma\"): stop TERM, timeout 35s "
          "(worker_shutdown_timeout 30s and 5s)" +
              end}});
  check({{"bundle exec puma",
          "runner puma, cluster (the command runs \"puma\"): stop TERM, timeout 1m5s "
          "(worker_shutdown_timeout 1m and 5s)" +
              end}},
        {{"/srv/config/puma.rb", "workers ENV.fetch(\"N\") { 2 }\nworker_shutdown_timeout 60\n"}});
  check({{"unicorn",
          "runner unicorn (the command runs \"unicorn\"): stop QUIT, timeout 1m5s (timeout 1m and "
          "5s), ready listening, clean exits 0, sockets by LISTEN_FDS"},
         {"unicorn -c unicorn.rb",
          "runner unicorn (the command runs \"unicorn\"): stop QUIT, timeout 20s (timeout 15s and "
          "5s), ready listening, clean exits 0, sockets by LISTEN_FDS"}},
        {{"/srv/unicorn.rb", "timeout 15\npreload_app true\n"}});
}

TEST_CASE("presets: Apache, php-fpm, node", "[config]") {
  check(
      {{"apache2 -DFOREGROUND -f apache.conf",
        "runner mod_wsgi (the command runs \"apache2\"): stop WINCH, timeout 25s "
        "(GracefulShutdownTimeout 20s and 5s), ready listening, clean exits 0, reload USR1, "
        "sockets "
        "by LISTEN_FDS"},
       {"apache2 -DFOREGROUND",
        "runner mod_wsgi (the command runs \"apache2\"): stop WINCH, timeout 35s, ready listening, "
        "clean exits 0, reload USR1, sockets by LISTEN_FDS"},
       {"php-fpm8.2 -F -y fpm.conf",
        "runner php-fpm (the command runs \"php-fpm8.2\"): stop QUIT, timeout 35s "
        "(process_control_timeout 30s and 5s), ready listening, clean exits 0, reload USR2, "
        "sockets "
        "by descriptor"},
       {"php-fpm8.2 -F",
        "runner php-fpm (the command runs \"php-fpm8.2\"): stop QUIT, timeout 35s, ready "
        "listening, "
        "clean exits 0, sockets by descriptor"},
       {"node superd-node.js app.js",
        "runner node, launcher (the command runs \"node\"): stop TERM, timeout 35s "
        "(graceful-timeout 30s and 5s), ready listening, clean exits 0, sockets by LISTEN_FDS"},
       {"node server.js",
        "runner node (the command runs \"node\"): stop TERM, timeout 35s, ready listening, clean "
        "exits 0, sockets by LISTEN_FDS"}},
      {{"/srv/apache.conf", "ServerName a\nGracefulShutDownTimeout 20\n"},
       {"/srv/fpm.conf",
        "[global]\nprocess_control_timeout = 30s\n[web]\nlisten = 127.0.0.1:1\n"}});
}

TEST_CASE("presets: of a program that superd does not know the defaults are superd's own",
          "[config]") {
  check({{"./serve",
          "runner none (\"serve\" is not a known runner): stop TERM, timeout 35s, ready "
          "listening, clean exits 0, sockets by LISTEN_FDS"},
         {"sh -c 'gunicorn app:app'",
          "runner none (a shell runs the command): stop TERM, timeout 35s, ready listening, clean "
          "exits 0, sockets by LISTEN_FDS"}});
  core::GroupSpec job = group_running("sleep 5");
  job.listen.clear();
  const RunnerChoice choice = settle(job);
  CHECK(to_string(choice, job) ==
        "runner none (\"sleep\" is not a known runner): stop TERM, timeout 35s, ready delay 1s, "
        "clean exits 0");
}

TEST_CASE("presets: a runner that accepts before it has loaded is asked by HTTP where it can be",
          "[config]") {
  for (const std::string command :
       {"apache2 -DFOREGROUND", "uwsgi --http fd://3 --master --lazy-apps --need-app",
        "uwsgi --http-socket fd://3 --master --cheap --lazy-apps --need-app"}) {
    INFO(command);
    core::GroupSpec group = group_running(command);
    core::ListenSpec& probe = group.listen.emplace_back();
    probe.sharing = core::Sharing::spawn;
    probe.name = "probe";
    const RunnerChoice choice = settle(group);
    CHECK(choice.front == FrontProcess::accepts_before_loaded);
    CHECK(group.ready.when == core::ReadyWhen::http);
    CHECK(to_string(choice, group).find("ready http /,") != std::string::npos);
  }
  core::GroupSpec group =
      group_running("uwsgi --http-socket fd://3 --master --lazy-apps --need-app");
  CHECK(settle(group).front == FrontProcess::none);
}

TEST_CASE("presets: a release that would answer errors is rehearsed where it can be asked",
          "[config]") {
  const auto is_rehearsed = [](const std::string& command) {
    core::GroupSpec group = group_running(command);
    const RunnerChoice choice = settle(group);
    const bool said =
        to_string(choice, group).find(", rolls rehearsed by GET /") != std::string::npos;
    CHECK(said == group.roll.rehearse);
    return group.roll.rehearse;
  };
  for (const std::string command :
       {"uwsgi --http-socket fd://3 --master", "uwsgi --http-socket fd://3",
        "uwsgi --protocol http --master", "uwsgi --http fd://3 --master --lazy-apps --need-app",
        "uwsgi --http-socket fd://3 --master --cheap --lazy-apps --need-app"}) {
    INFO(command);
    CHECK(is_rehearsed(command));
  }
  for (const std::string command :
       {"gunicorn app:app", "uwsgi --http-socket fd://3 --master --need-app",
        "uwsgi --socket fd://3 --master", "uwsgi --master",
        "uwsgi --http-socket 127.0.0.1:8000 --master", "apache2 -DFOREGROUND"}) {
    INFO(command);
    CHECK_FALSE(is_rehearsed(command));
  }
  core::GroupSpec apache = group_running("apache2 -DFOREGROUND");
  apache.socket_shim = true;
  settle(apache);
  CHECK(apache.roll.rehearse);
  core::GroupSpec alone = group_running("uwsgi --http-socket fd://3 --master");
  alone.listen.clear();
  settle(alone);
  CHECK_FALSE(alone.roll.rehearse);
}

TEST_CASE(
    "presets: which runner can serve a private socket is known, and the remedy for the others",
    "[config]") {
  const auto cannot = [](const std::string& command) {
    core::GroupSpec group = group_running(command);
    return cannot_serve_private(settle(group), group);
  };
  for (const std::string command :
       {"gunicorn app:app", "uwsgi --http-socket fd://3 --http-socket fd://4",
        "superd-waitress a:b", "superd-cheroot a:b", "superd-wsgiref a:b",
        "hypercorn -b fd://3 -b fd://4 a:b",
        "daphne -e systemd:domain=INET:index=0 -e systemd:domain=INET:index=1 a:b",
        "puma -b tcp://127.0.0.1:8000", "unicorn", "node a.js", "./serve",
        "uwsgi --protocol http --master"}) {
    INFO(command);
    CHECK(cannot(command).empty());
  }
  const std::vector<Row> rows = {
      {"uvicorn --fd 3 a:b", "one --fd alone"},
      {"daphne --fd 3 a:b", "one --fd alone"},
      {"cheroot a:b", "run superd-cheroot instead"},
      {"waitress-serve a:b", "run superd-waitress instead"},
      {"php-fpm -F", "speaks FastCGI"},
      {"uwsgi --http fd://3 --master", "--http-socket instead of --http"},
      {"uwsgi --master", "\"--protocol\", \"http\""},
      {"apache2 -DFOREGROUND", "socket_shim = true"}};
  for (const Row& row : rows) {
    INFO(row.command);
    CHECK(cannot(row.command).find(row.said) != std::string::npos);
  }
}
