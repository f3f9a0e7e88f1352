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

TEST_CASE(
    "a killed supervisor is started again, ends the old workers and starts afresh, and says so",
    "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> old = site.pids("web");
  const pid_t supervisor = superd.supervisor();
  REQUIRE(supervisor > 0);

  ::kill(supervisor, SIGKILL);

  // The socket was held all the while: a client that comes now waits.
  const Reply reply = get(site.address(), "/pid");
  CHECK(reply.error.empty());
  CHECK(wait_until(kSoon,
                   [&] { return superd.supervisor() > 0 && superd.supervisor() != supervisor; }));
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  for (const pid_t pid : old) {
    CHECK(wait_until(kSoon, [&] { return proc::state(pid) == ' '; }));
  }
  CHECK(site.pids("web").size() == 2);
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
  CHECK_THAT(superd.log(), Catch::Contains("supervisor") && Catch::Contains("signal 9") ||
                               Catch::Contains("KILL"));
  CHECK(proc::zombies_below(superd.keeper()).empty());
}

TEST_CASE("what the workers of a killed supervisor write until their end is in their log",
          "[all]") {
  Site site(R"(
[group.late]
command = ["/bin/sh", "-c", """
trap 'sleep 0.5; yes 0123456789012345678901234567890123456789 | head -c 3000000
      echo; echo last words of $$; : > @DIR@/done; exit 0' TERM
while :; do sleep 0.1; done"""]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "1h" }
log     = { max_size = "100MiB" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("late", "running"));
  const pid_t old = site.main_pid("late.1");
  const std::string last = "last words of " + std::to_string(old);
  ::kill(superd.supervisor(), SIGKILL);

  CHECK(wait_until(kSoon, [&] { return ::access(site.path("done").c_str(), F_OK) == 0; }));
  CHECK(wait_until(kSoon,
                   [&] { return site.read("log/late.1.log").find(last) != std::string::npos; }));
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(site.reaches("late", "running"));
  CHECK(site.main_pid("late.1") != old);
}

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
    const pid_t supervisor = superd.supervisor();
    ::kill(supervisor, SIGKILL);
    REQUIRE(wait_until(
        kSoon, [&] { return superd.supervisor() > 0 && superd.supervisor() != supervisor; }));
    REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "running"; }));
    const auto rolls =
        nlohmann::json::parse(get("unix:" + site.control(), "/v1/rolls").body).at("rolls");
    for (const auto& roll : rolls) {
      CHECK(roll.at("id").get<std::uint64_t>() > highest);
    }
    const std::uint64_t next = begin_restart(site);
    CHECK(next > highest);
    highest = next;
  }
}

TEST_CASE("a supervisor that is killed again and again still comes back", "[all]") {
  Site site(kServing);
  const Superd superd(site);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(
        wait_until(60s, [&] { return superd.supervisor() > 0 && site.state("web") == "running"; }));
    ::kill(superd.supervisor(), SIGKILL);
  }
  REQUIRE(wait_until(60s, [&] { return site.state("web") == "running"; }));
  CHECK(site.pids("web").size() == 2);
  CHECK(get(site.address(), "/pid").status == 200);
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
  CHECK_THAT(superd.log(), Catch::Contains("asking process"));
}

TEST_CASE("a second TERM ends at once what a killed supervisor left", "[all]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "1h" }
)");
  Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  const std::vector<pid_t> workers = site.pids("deaf");
  ::kill(superd.supervisor(), SIGKILL);
  REQUIRE(
      wait_until(kSoon, [&] { return superd.log().find("asking process") != std::string::npos; }));

  CHECK(superd.end_at_once().has_value());
  for (const pid_t pid : workers) CHECK_FALSE(proc::alive(pid));
}

TEST_CASE("what the main process of a killed supervisor's worker leaves behind is asked to leave",
          "[all]") {
  Site site(R"(
[group.shell]
command   = ["/bin/sh", "-c", "sleep 100000; :"]
listen    = ["unix:@DIR@/shell.sock"]
autostart = false
ready     = { when = "delay", delay = "50ms" }
stop      = { timeout = "1h" }
)");
  Superd superd(site);
  REQUIRE(site.ctl({"start", "shell"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return site.pids("shell").size() == 2; }));
  const std::vector<pid_t> workers = site.pids("shell");
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGKILL);

  CHECK(wait_until(kSoon, [&] {
    return std::none_of(workers.begin(), workers.end(), [](pid_t pid) { return proc::alive(pid); });
  }));
  // The group's socket is held on, and goes with superd.
  CHECK(superd.end().has_value());
  CHECK(::access(site.path("shell.sock").c_str(), F_OK) != 0);
}

TEST_CASE("a new superd ends what a killed one left by the stop settings of its groups", "[root]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { signal = "USR1", timeout = "1h" }
)");
  std::vector<pid_t> workers;
  {
    Superd superd(site);
    REQUIRE(site.reaches("deaf", "running"));
    workers = site.pids("deaf");
    const pid_t supervisor = superd.supervisor();
    superd.program().signal(SIGKILL);
    REQUIRE(wait_until(kSoon, [&] { return !proc::alive(supervisor); }));
  }
  const Superd again(site);
  // It ignores TERM alone.
  CHECK(site.reaches("deaf", "running"));
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

TEST_CASE("a worker is not held up while the logger is stopped", "[all]") {
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
    workers = site.pids("web");
    const pid_t supervisor = superd.supervisor();
    const pid_t logger = superd.logger();
    superd.program().signal(SIGKILL);
    CHECK(wait_until(kSoon, [&] { return !proc::alive(supervisor) && !proc::alive(logger); }));
    for (const pid_t pid : workers) CHECK(proc::alive(pid));
  }
  // The lock died with the keeper: a new superd starts on the same directory.
  const Superd again(site);
  CHECK(site.reaches("web", "running"));
  CHECK(site.pids("web").size() == 2);
  for (const pid_t pid : workers) ::kill(pid, SIGKILL);
}

}  // namespace superd::scenario
