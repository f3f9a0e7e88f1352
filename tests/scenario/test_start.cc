#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {

TEST_CASE("start: a program that cannot be executed is told with stage and reason", "[all]") {
  Site site(R"(
[group.missing]
command   = ["/nonexistent/program"]
autostart = false

[group.lost]
command   = ["no-such-program-anywhere"]
env       = { PATH = "/usr/bin:/bin" }
autostart = false

[group.forbidden]
command   = ["@DIR@/data.txt"]
autostart = false

[group.homeless]
command   = ["sleep", "100000"]
directory = "@DIR@/missing"
autostart = false
)");
  site.write("data.txt", "not a program\n");
  const Superd superd(site);

  const Outcome missing = site.ctl({"start", "missing"});
  CHECK(missing.exit == 1);
  CHECK_THAT(missing.err,
             Catch::Contains("missing.1: exec /nonexistent/program: No such file or directory"));
  const Outcome lost = site.ctl({"start", "lost"});
  CHECK(lost.exit == 1);
  CHECK_THAT(lost.err,
             Catch::Contains("lost.1: exec no-such-program-anywhere: No such file or directory"));
  const Outcome forbidden = site.ctl({"start", "forbidden"});
  CHECK(forbidden.exit == 1);
  CHECK_THAT(forbidden.err,
             Catch::Contains("forbidden.1: exec ") && Catch::Contains("Permission denied"));
  const Outcome homeless = site.ctl({"start", "homeless"});
  CHECK(homeless.exit == 1);
  CHECK_THAT(homeless.err,
             Catch::Contains(site.expand("homeless.1: chdir @DIR@/missing: No such file")));
  for (const char* group : {"missing", "lost", "forbidden", "homeless"}) {
    CHECK(site.ctl({"stop", group}).exit == 0);
  }
}

TEST_CASE("start: the directory and the program may come later", "[all]") {
  Site site(R"(
[group.later]
command   = ["sleep", "100000"]
directory = "@DIR@/later"
autostart = false
respawn   = { policy = "never" }
ready     = { when = "delay", delay = "10ms" }
)");
  const Superd superd(site);
  CHECK(site.ctl({"start", "later"}).exit == 1);
  REQUIRE(run({"mkdir", site.path("later")}).exit == 0);
  CHECK(site.ctl({"start", "later"}).exit == 0);
  CHECK(site.state("later") == "running");
}

TEST_CASE("start: a worker that ends before it is ready answers with its status and last lines",
          "[all]") {
  Site site(R"(
[group.web]
command   = ["@WORKER@", "say", "reading the settings", "no such table: users", "exit", "3"]
workers   = 2
autostart = false
)");
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("web.1: ") && Catch::Contains("web.2: "));
  CHECK_THAT(start.err, Catch::Contains("exited with status 3"));
  CHECK_THAT(start.err,
             Catch::Contains("reading the settings") && Catch::Contains("no such table: users"));

  const nlohmann::json answer = site.json({"start", "web"});
  CHECK_THAT(answer.dump(), Catch::Contains("no such table: users"));
}

TEST_CASE("respawn: after the first failed attempt it goes on behind the answer", "[all]") {
  Site site(R"(
[group.web]
command   = ["sh", "-c", "test -e @DIR@/mended && exec sleep 100000; exit 1"]
autostart = false
ready     = { when = "delay", delay = "50ms" }
respawn   = { backoff = { min = "20ms", max = "100ms" } }
)");
  const Superd superd(site);
  CHECK(site.ctl({"start", "web"}).exit == 1);
  CHECK(wait_until(kSoon, [&] { return site.worker("web.1").at("restarts") >= 2; }));
  CHECK(site.ctl({"status", "web"}).exit == 3);
  site.write("mended", "");
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("respawn: gives up after so many failures, and a new start tries again", "[all]") {
  Site site(R"(
[group.web]
command   = ["sh", "-c", "test -e @DIR@/mended && exec sleep 100000; exit 1"]
ready     = { when = "delay", delay = "50ms" }
respawn   = { backoff = { min = "10ms", max = "20ms" }, give_up = { failures = 3, within = "60s" } }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "failed"));
  CHECK(site.state("web.1") == "failed");
  CHECK(site.worker("web.1").at("exit").at("code") == 1);
  CHECK(site.ctl({"status"}).exit == 3);
  site.write("mended", "");
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.state("web") == "running");
}

TEST_CASE("respawn: by policy a clean end is not repeated", "[all]") {
  Site site(R"(
[group.once]
command = ["sh", "-c", "exit 0"]
ready   = { when = "delay", delay = "10ms" }
respawn = { policy = "on-failure" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("once.1", "exited"));
  CHECK(site.worker("once.1").at("restarts") == 0);
}

TEST_CASE("ready: a worker that never says so is ended at the timeout", "[all]") {
  Site site(R"(
[group.web]
command   = ["sleep", "100000"]
autostart = false
ready     = { when = "notify", timeout = "300ms" }
respawn   = { policy = "never" }
)");
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("web.1: ") && Catch::Contains("ready"));
  CHECK(wait_until(kSoon, [&] { return site.pids("web").empty(); }));
}

TEST_CASE("ready: by notify a worker is ready when it says so, and its status is shown", "[all]") {
  Site site(R"(
[group.web]
command   = ["@WORKER@", "notify", "STATUS=warming up", "READY=1\nSTATUS=serving 7 tenants"]
autostart = false
ready     = { when = "notify" }
)");
  const Superd superd(site);
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.state("web.1") == "ready");
  CHECK(
      wait_until(kSoon, [&] { return site.worker("web.1").at("detail") == "serving 7 tenants"; }));
  CHECK_THAT(site.ctl({"status", "web"}).out, Catch::Contains("serving 7 tenants"));
}

TEST_CASE("start: an unknown user is an error of the config", "[root]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
user    = "no-such-user"
)");
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 1);
  CHECK_THAT(check.err, Catch::Contains("superd.toml:8:11: ") && Catch::Contains("no-such-user"));
}

TEST_CASE("start: an ordinary user cannot run workers as another user", "[user]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
user    = "root"
)");
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 1);
  CHECK_THAT(check.err, Catch::Contains("superd.toml:8:11: ") && Catch::Contains("root"));
}

}  // namespace superd::scenario
