#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kSuperd = R"(
[superd]
runtime_dir = "@DIR@/run"
log_dir     = "@DIR@/log"
log_level   = "debug"
)";
constexpr const char* kGroups = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }

[group.api]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)";

// The lines of a file as JSON.
std::vector<nlohmann::json> told(const Site& site, const std::string& file) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(site.read(file));
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

}  // namespace

TEST_CASE("signals: a signal to superd does what its superctl command line says", "[all]") {
  Site site(std::string(kSuperd) + R"(
[superd.signals]
USR1 = "restart web"
"RTMIN+1" = "stop 'a*'"
WINCH = "restart --now web api.1"
"RTMIN+2" = "superctl reload told.2"
"RTMIN+3" = "shutdown"

[group.told]
command = ["sh", "-c", "trap 'echo was told' USR2; echo up; while :; do sleep 0.05; done"]
workers = 2
reload_signal = "USR2"
ready = { when = "log", match = "up" }
)" + kGroups);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("api", "running"));
  superd.program().signal(SIGUSR1);
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("generation") == 2; }));
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.group("web").at("cause") == "signal USR1");
  CHECK(site.group("api").at("generation") == 1);
  superd.program().signal(SIGRTMIN + 1);
  REQUIRE(site.reaches("api", "stopped"));
  CHECK(site.group("api").at("cause") == "signal RTMIN+1");
  superd.program().signal(SIGWINCH);
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("generation") == 3; }));
  REQUIRE(site.reaches("api", "running"));
  // One worker of a group.
  superd.program().signal(SIGRTMIN + 2);
  REQUIRE(wait_until(
      kSoon, [&] { return site.read("log/told.2.log").find("was told") != std::string::npos; }));
  CHECK(site.read("log/told.1.log").find("was told") == std::string::npos);
  // One that has no meaning changes nothing.
  superd.program().signal(SIGRTMIN + 5);
  superd.program().signal(SIGRTMIN + 3);
  CHECK(superd.program().wait(60s) == 0);
}

TEST_CASE("signals: workers that get INT from outside are there anew by the recipe in force",
          "[root]") {
  if (!installed(Runner::gunicorn_gthread)) skip("gunicorn is not installed");
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 4}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.main_pids("web");
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  const Outcome killed =
      run({"sh", "-c",
           "kill -INT $('" + programs().superctl + "' -s " + site.control() + " pids --main web)"});
  CHECK(killed.exit == 0);
  REQUIRE(wait_until(60s, [&] {
    const std::vector<pid_t> now = site.main_pids("web");
    return now.size() == 4 && std::none_of(now.begin(), now.end(), [&](pid_t pid) {
             return std::find(before.begin(), before.end(), pid) != before.end();
           });
  }));
  REQUIRE(site.reaches("web", "running", 60s));
  CHECK(site.group("web").at("generation") == 1);
  CHECK(site.group("web").at("restarts") == 4);
  CHECK(load.goes_on());
  // Nobody is refused, for superd holds the socket; what gunicorn has in hand ends with it.
  for (const LoadReport::Failed& failed : load.stop().failed) {
    CHECK(failed.what.find("refused") == std::string::npos);
  }
}

TEST_CASE("hook: what happens is told to a program as JSON on its standard input", "[all]") {
  Site site(R"(
[[hook]]
on  = ["worker.exited", "roll.finished", "daemon.*", "trigger.fired"]
run = ["sh", "@DIR@/hook.sh"]
)" + std::string(kGroups));
  // Four may run at a time.
  site.write("hook.sh", "exec 9>lock; flock 9; cat >>told; echo seen >&2\n");
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t pid = site.main_pid("web.1");
  ::kill(pid, SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return told(site, "told").size() >= 2; }));
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.ctl({"restart", "api"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return told(site, "told").size() >= 4; }));
  CHECK(superd.end() == 0);

  std::vector<nlohmann::json> all = told(site, "told");
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a["id"] < b["id"]; });
  const auto find = [&](const std::string& event) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& e) { return e["event"] == event; });
    return found == all.end() ? nlohmann::json::object() : *found;
  };
  CHECK(all.front().at("event") == "daemon.started");
  const nlohmann::json exited = find("worker.exited");
  CHECK(exited.at("worker") == "web.1");
  CHECK(exited.at("pid") == pid);
  CHECK(exited.at("generation") == 1);
  CHECK(exited.at("cause") == "exit");
  CHECK(exited.at("exit").at("signal") == "KILL");
  CHECK(exited.at("time").get<std::string>().ends_with("Z"));
  const nlohmann::json rolled = find("roll.finished");
  CHECK(rolled.at("group") == "api");
  CHECK(rolled.at("result") == "done");
  CHECK(rolled.at("cause").get<std::string>().starts_with("command uid="));
  CHECK(find("daemon.stopping").at("cause") == "signal TERM");
  CHECK(superd.log().find("hook sh (worker.exited) | seen") != std::string::npos);
  // Its own processes are nobody's.
  CHECK(superd.log().find("came home from a worker") == std::string::npos);
}

TEST_CASE("hook: one that hangs, or is not there, holds up nothing", "[root]") {
  Site site(R"(
[[hook]]
on  = ["worker.*", "group.*", "roll.*"]
run = ["sh", "-c", "echo $$ >>@DIR@/hanging; sleep 100000"]
[[hook]]
on  = ["worker.*"]
run = ["/no/such/program"]
)" + std::string(kGroups));
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  for (int i = 0; i < 5; ++i) REQUIRE(site.ctl({"restart", "--now", "web", "api"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] {
    const std::string pids = site.read("hanging");
    return std::count(pids.begin(), pids.end(), '\n') >= 1;
  }));
  CHECK(superd.log().find("exec /no/such/program: No such file") != std::string::npos);
  // Both together have four places, and 64 that wait.
  const std::string pids = site.read("hanging");
  CHECK(std::count(pids.begin(), pids.end(), '\n') <= 4);
  CHECK(superd.log().find("events are not told to them, oldest first") != std::string::npos);
  // Those of a supervisor that dies are no one else's either.
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGKILL);
  REQUIRE(wait_until(kSoon, [&] {
    return superd.supervisor() > 0 && superd.supervisor() != supervisor &&
           site.group("web").is_object();
  }));
  REQUIRE(site.reaches("web", "running"));
  CHECK(superd.end() == 0);
  std::istringstream left(site.read("hanging"));
  for (pid_t pid = 0; left >> pid;) CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
}

TEST_CASE("schedule: the group is rolled when its time comes", "[full]") {
  Site site(kGroups + std::string(R"(
[group.web.recycle]
schedule = "* * * * *"
)"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(90s, [&] { return site.group("web").at("generation") == 2; }));
  CHECK(site.group("web").at("cause") == "schedule");
  REQUIRE(site.reaches("web", "running"));
  // One that was stopped on purpose stays so.
  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  const auto minute = std::time(nullptr) / 60;
  REQUIRE(wait_until(
      90s, [&] { return std::time(nullptr) / 60 > minute && std::time(nullptr) % 60 > 2; }));
  CHECK(site.state("web") == "stopped");
}

}  // namespace superd::scenario
