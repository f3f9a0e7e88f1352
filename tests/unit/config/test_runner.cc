#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/report.h"
#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

TEST_CASE("runner: its preset is a set of defaults, and what is written stands", "[config]") {
  const std::string puma = "command = ['puma']\nlisten = [':80']\n";
  const auto preset = group_of(puma);
  CHECK(preset.stop.signal == SIGTERM);
  CHECK(preset.respawn.clean_signals == std::vector<int>{SIGTERM});
  CHECK_FALSE(preset.reload_signal);
  CHECK(group_of("command = ['gunicorn', 'app:app']\nlisten = [':80']\n").reload_signal == SIGHUP);
  const auto written = group_of(puma +
                                "stop = { signal = 'INT', timeout = '9s' }\n"
                                "respawn.success = [3]\nreload_signal = 'HUP'\n");
  CHECK(written.stop.signal == SIGINT);
  CHECK(written.stop.timeout == 9s);
  CHECK(written.respawn.clean_statuses == std::vector<int>{3});
  CHECK(written.respawn.clean_signals.empty());
  CHECK(written.reload_signal == SIGHUP);
  CHECK(group_of("command = ['unicorn']\nlisten = [':80']\nstop.timeout = '70s'").stop.signal ==
        SIGQUIT);
  CHECK_FALSE(group_of("").reload_signal);
}

TEST_CASE("runner: it can be named, and turned off", "[config]") {
  CHECK(group_of("command = ['./start']\nrunner = 'unicorn'").stop.signal == SIGQUIT);
  CHECK(group_of("command = ['unicorn']\nrunner = 'none'").stop.signal == SIGTERM);
  CHECK(group_of("command = ['unicorn']\nrunner = 'auto'").stop.signal == SIGQUIT);
  CHECK(group_of("command = ['./start']\nrunner = 'apache'").stop.signal == SIGWINCH);
  const auto errors = errors_of("[group.web]\ncommand = ['x']\nrunner = 'gunicron'\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().starts_with("3:10: group.web.runner: expected \"auto\", \"none\","));
  CHECK(errors.front().ends_with("found \"gunicron\", did you mean \"gunicorn\"?"));
  CHECK(errors_of("[group.web]\ncommand = ['x']\nreload_signal = 'HPU'\n") ==
        Strings{"3:17: group.web.reload_signal: unknown signal \"HPU\", did you mean \"HUP\"?"});
}

TEST_CASE("runner: the files that it is configured by are looked for in the group's directory",
          "[config]") {
  const ConfigFolder folder;
  folder.write("site/web/gunicorn.conf.py", "graceful_timeout = 90\n");
  folder.write("superd.toml",
               "[group.web]\ncommand = 'gunicorn app:app'\nlisten = [':80']\n"
               "directory = 'site/{group}'\n");
  const Loaded loaded = folder.load();
  REQUIRE(loaded.errors.empty());
  CHECK(loaded.spec.groups.front().stop.timeout == 95s);
}

TEST_CASE("check: every group's runner is reported, and why", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml",
               "[group.web]\ncommand = 'gunicorn app:app'\nlisten = [':80']\n"
               "[group.api]\ncommand = 'uvicorn --fd 3 --workers 2 a:b'\nlisten = [':81']\n"
               "stop.timeout = '10s'\n"
               "[group.job]\ncommand = 'sleep 5'\nrunner = 'none'\n");
  const Loaded loaded = folder.load();
  REQUIRE(loaded.errors.empty());
  CHECK(
      report("superd.toml", loaded) ==
      Strings{"superd.toml: ok, 3 groups",
              "web: runner gunicorn (the command runs \"gunicorn\"): stop TERM, timeout 35s "
              "(graceful-timeout 30s and 5s), ready listening, clean exits 0, reload HUP, sockets "
              "by LISTEN_FDS",
              "api: runner uvicorn, several processes (the command runs \"uvicorn\"): stop TERM, "
              "timeout 10s, ready listening, clean exits 0, sockets by descriptor",
              "  with --workers uvicorn does not end when the application cannot be loaded: such a "
              "start fails when ready.timeout is over",
              "job: runner none (runner = \"none\"): stop TERM, timeout 35s, ready delay 1s, clean "
              "exits 0"});
  CHECK(warning_text({.place = {.file = "a.toml", .line = 3, .column = 1}, .message = "bad"}) ==
        "a.toml:3:1: warning: bad");
}
