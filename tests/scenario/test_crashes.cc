#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kServing = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }

[group.path]
command = ["@WORKER@", "serve"]
listen  = ["unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "50ms" }
)";

// The number of the last whole `tick N` line of a log file; 0: none.
int last_tick(const Site& site, const std::string& file) {
  const std::string text = site.read(file);
  const std::size_t end = text.rfind('\n');
  if (end == std::string::npos) return 0;
  const std::size_t at = text.rfind("tick ", end);
  return at == std::string::npos ? 0 : std::stoi(text.substr(at + 5));
}

}  // namespace

TEST_CASE("an id that a killed supervisor gave is not given again", "[all]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::uint64_t first = begin_restart(site);
  CHECK(first < 100);
  std::uint64_t highest = first;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(superd.kill_supervisor());
    REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "running"; }));
    CHECK(roll(site, highest).at("id") == highest);
    const std::uint64_t next = begin_restart(site);
    CHECK(next > highest);
    highest = next;
  }
}

TEST_CASE("a supervisor that is killed again and again comes back, also without its journal",
          "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> workers = site.main_pids("web");
  for (int i = 0; i < 4; ++i) {
    REQUIRE(
        wait_until(60s, [&] { return superd.supervisor() > 0 && site.state("web") == "running"; }));
    ::kill(superd.supervisor(), SIGKILL);
  }
  REQUIRE(wait_until(60s, [&] { return site.state("web") == "running"; }));
  CHECK(site.main_pids("web") == workers);
  CHECK(get(site.address(), "/pid").status == 200);
}

TEST_CASE("a lost journal and a config with errors: the log says why no supervisor begins",
          "[root]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> workers = site.main_pids("web");
  const std::string good = site.read("superd.toml");
  site.write("superd.toml", good + "nonsense = 1\n");
  REQUIRE(::unlink(site.path("run/journal").c_str()) == 0);
  REQUIRE(::kill(superd.supervisor(), SIGKILL) == 0);
  const auto says = [&](const char* words) {
    return wait_until(kSoon, [&] { return superd.log().find(words) != std::string::npos; });
  };
  CHECK(says("no supervisor can begin: there is no journal to go on by"));
  CHECK(says("exited with status 1; it is started again"));
  const Outcome status = site.ctl({"status"});
  CHECK(status.exit == 5);
  CHECK_THAT(status.err, Catch::Contains("no supervisor can begin") && Catch::Contains("nonsense"));
  site.write("superd.toml", good);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"status"}).exit == 0; }));
  CHECK(site.state("web") == "running");
  CHECK(site.main_pids("web") == workers);
  // The one by this test.
  const std::string log = superd.log();
  const std::string killed = "was killed by signal 9";
  CHECK(log.find(killed) == log.rfind(killed));
}

TEST_CASE("a shutdown during which the supervisor is killed still ends every worker", "[all]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "2s" }
)");
  Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  const std::vector<pid_t> workers = site.pids("deaf");
  const pid_t supervisor = superd.supervisor();
  superd.program().signal(SIGTERM);
  REQUIRE(wait_until(kSoon, [&] { return site.state("deaf") == "stopping"; }));
  ::kill(supervisor, SIGKILL);

  CHECK(superd.end().has_value());
  for (const pid_t pid : workers) CHECK_FALSE(proc::alive(pid));
}

TEST_CASE("a killed logger is started again and the output goes on", "[all]") {
  Site site(R"(
[group.clock]
command = ["@WORKER@", "tick"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("clock", "running"));
  REQUIRE(wait_until(kSoon, [&] { return last_tick(site, "log/clock.1.log") > 3; }));
  const pid_t worker = site.main_pid("clock.1");
  const pid_t logger = superd.logger();
  REQUIRE(logger > 0);

  ::kill(logger, SIGKILL);

  CHECK(wait_until(kSoon, [&] { return superd.logger() > 0 && superd.logger() != logger; }));
  const int then = last_tick(site, "log/clock.1.log");
  CHECK(wait_until(kSoon, [&] { return last_tick(site, "log/clock.1.log") > then + 5; }));
  CHECK(site.main_pid("clock.1") == worker);
  CHECK(site.worker("clock.1").at("restarts") == 0);
}

TEST_CASE("requests are served and workers restarted while the logger is stopped", "[all]") {
  Site site(R"(
[group.clock]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("clock", "running"));
  ::kill(superd.logger(), SIGSTOP);
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(site.ctl({"restart", "clock", "--timeout", "60s"}).exit == 0);
  ::kill(superd.logger(), SIGCONT);
  CHECK(site.state("clock") == "running");
}

TEST_CASE("when the keeper is killed supervisor and logger leave at once and touch nothing",
          "[all]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "50ms" }
)");
  std::vector<pid_t> workers;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    workers = site.main_pids("web");
    const pid_t supervisor = superd.supervisor();
    const pid_t logger = superd.logger();
    superd.program().signal(SIGKILL);
    CHECK(wait_until(kSoon, [&] { return !proc::alive(supervisor) && !proc::alive(logger); }));
    for (const pid_t pid : workers) CHECK(proc::alive(pid));
  }
  // The lock died with the keeper: a new superd starts on the same directory, and goes on.
  const Superd again(site);
  CHECK(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == workers);
}

TEST_CASE(
    "where the sockets cannot be taken from workers that live on, these serve and new ones wait",
    "[user]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve", "--undumpable"]
workers = 2
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
respawn = { backoff = { min = "50ms", max = "200ms" }, give_up = { failures = 3 } }
)");
  std::vector<pid_t> pids;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    pids = site.main_pids("web");
    const std::vector<pid_t> rest = {superd.supervisor(), superd.logger()};
    superd.program().signal(SIGKILL);
    REQUIRE(wait_until(kSoon, [&] { return !proc::alive(rest[0]) && !proc::alive(rest[1]); }));
  }
  const Superd again(site);
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "degraded"; }));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.ctl({"status"}).exit == 3);
  CHECK_THAT(site.ctl({"why", "web"}).out, Catch::Contains("cannot be taken over from them"));
  CHECK(get(site.address(), "/pid").status == 200);
  SECTION("also by the next supervisor") { REQUIRE(again.kill_supervisor()); }
  SECTION("by this one") {}
  ::kill(pids.front(), SIGKILL);
  // Its next start is tried, and says why it fails.
  CHECK(wait_until(kSoon, [&] {
    return site.ctl({"why", "web.1"}).out.find("taken over") != std::string::npos;
  }));
  CHECK(get(site.address(), "/pid").body == std::to_string(pids.back()));
  // It is never given up, and starts when the others are gone.
  ::kill(pids.back(), SIGKILL);
  CHECK(site.reaches("web", "running"));
  CHECK(get(site.address(), "/pid").status == 200);
}

}  // namespace superd::scenario
