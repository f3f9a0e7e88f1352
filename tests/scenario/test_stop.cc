#include <csignal>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kDaemon = R"(
[group.web]
command   = ["@WORKER@", "daemon", "@DIR@/daemon.pid"]
autostart = false
ready     = { when = "delay", delay = "200ms" }
stop      = { timeout = "1s" }
)";

pid_t daemon_of(const Site& site) {
  wait_until(kSoon, [&] { return !site.read("daemon.pid").empty(); });
  const std::string text = site.read("daemon.pid");
  return text.empty() ? -1 : std::stoi(text);
}

}  // namespace

TEST_CASE("stop: a worker that ignores TERM is killed after its timeout", "[all]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "100ms" }
stop    = { timeout = "300ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  const pid_t pid = site.main_pid("deaf.1");
  CHECK(site.ctl({"stop", "deaf"}).exit == 0);
  CHECK(!proc::alive(pid));
  CHECK(site.state("deaf") == "stopped");
  CHECK(site.worker("deaf.1").at("exit").at("signal") == "KILL");
}

TEST_CASE("stop: what the main process leaves behind is ended as well", "[all]") {
  Site site(R"(
[group.tree]
command = ["@WORKER@", "children", "5"]
ready   = { when = "delay", delay = "200ms" }
stop    = { timeout = "10s" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("tree", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.pids("tree").size() == 6; }));
  const std::vector<pid_t> pids = site.pids("tree");
  CHECK(site.ctl({"stop", "tree"}).exit == 0);
  for (const pid_t pid : pids) CHECK(!proc::alive(pid));
  CHECK(site.pids("tree").empty());
}

TEST_CASE("stop: the signal of the config is sent", "[all]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "trap 'kill $!; exit 7' QUIT; echo > @DIR@/up; while :; do sleep 1000 & wait; done"]
ready   = { when = "delay", delay = "100ms" }
stop    = { signal = "QUIT", timeout = "30s" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return !site.read("up").empty(); }));
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.worker("web.1").at("exit").at("code") == 7);
}

TEST_CASE("stop: a daemonised and retitled process without environment is found and is gone",
          "[root]") {
  if (!cgroups_writable()) skip("cgroup v2 cannot be written here");
  Site site(kDaemon);
  const Superd superd(site);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.has_cgroups());
  const pid_t daemon = daemon_of(site);
  REQUIRE(proc::alive(daemon));

  CHECK_THAT(site.ctl({"pids", "web"}).out, Catch::Contains(std::to_string(daemon)));
  CHECK(site.ctl({"whose", std::to_string(daemon)}).out ==
        std::to_string(daemon) + " web.1 child 1\n");
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(!proc::alive(daemon));
}

TEST_CASE("stop: without cgroups a process that hid is ended if it was seen, never by guess",
          "[nocgroup][user]") {
  Site site(kDaemon);
  const Superd superd(site);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  if (site.has_cgroups()) return;  // an ordinary user with a delegated subtree
  const pid_t daemon = daemon_of(site);
  REQUIRE(proc::alive(daemon));
  const Outcome whose = site.ctl({"whose", std::to_string(daemon)});
  const bool attributed = whose.exit == 0 && whose.out.find(" web.1 child ") != std::string::npos;

  CHECK(site.ctl({"stop", "web"}).exit == 0);

  if (attributed) {
    CHECK(!proc::alive(daemon));
  } else {
    CHECK_THAT(whose.out, Catch::Contains("unknown"));
    CHECK(proc::alive(daemon));
    ::kill(daemon, SIGKILL);
    CHECK(wait_until(kSoon, [&] { return proc::state(daemon) == ' '; }));
  }
}

TEST_CASE("orphans that come home to superd are reaped", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "orphans", "40"]
ready   = { when = "delay", delay = "100ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t main = site.main_pid("web.1");
  CHECK(wait_until(kSoon, [&] {
    return proc::zombies_below(superd.keeper()).empty() && site.pids("web").size() == 1;
  }));
  CHECK(site.main_pid("web.1") == main);
}

TEST_CASE("stop: stopping is ordered, and a second TERM to superd ends it at once", "[all]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "1h" }
)");
  Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  superd.program().signal(SIGTERM);
  REQUIRE(site.reaches("deaf", "stopping"));
  CHECK(!superd.program().ended());
  CHECK(superd.end_at_once().has_value());
}

}  // namespace superd::scenario
