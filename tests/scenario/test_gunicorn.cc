#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// With --preload gunicorn's READY=1 is true: it comes once the application is loaded.
std::string web(int workers) {
  if (::access("/usr/bin/gunicorn", X_OK) != 0) skip("gunicorn is not installed");
  return R"(
[group.web]
command   = ["/usr/bin/gunicorn", "--preload", "--workers", "1", "app:app"]
workers   = )" +
         std::to_string(workers) + R"(
listen    = ["@ADDRESS@"]
directory = "@APPS@"
env       = { PYTHONDONTWRITEBYTECODE = "1" }
ready     = { when = "notify" }
)";
}

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

// The process that answered, or -1.
pid_t who_answers(const Site& site) {
  const Reply reply = get(site.address(), "/pid");
  return reply.status == 200 ? std::stoi(reply.body) : -1;
}

}  // namespace

TEST_CASE("gunicorn: four workers serve HTTP on one socket that superd holds", "[all]") {
  Site site(web(4));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  const nlohmann::json group = site.group("web");
  CHECK(group.at("ready") == 4);
  CHECK(group.at("wanted") == 4);
  CHECK(group.at("listen") == nlohmann::json::array({site.address()}));
  // Asked after each answer: gunicorn says READY=1 before its processes are there.
  for (int i = 0; i < 20; ++i) {
    const pid_t answered = who_answers(site);
    CHECK(contains(site.pids("web"), answered));
  }
  CHECK(get(site.address(), "/generation").body == group.at("generation").dump());
}

TEST_CASE("gunicorn: a worker killed with -9 comes back and is counted", "[all]") {
  Site site(web(2));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t first = site.main_pid("web.1");
  const pid_t second = site.main_pid("web.2");

  ::kill(second, SIGKILL);

  REQUIRE(wait_until(kSoon, [&] {
    const nlohmann::json worker = site.worker("web.2");
    return worker.at("state") == "ready" && worker.at("restarts") == 1;
  }));
  CHECK(site.main_pid("web.2") != second);
  CHECK(site.worker("web.2").at("exit").at("signal") == "KILL");
  CHECK(site.main_pid("web.1") == first);
  CHECK(site.worker("web.1").at("restarts") == 0);
  CHECK(site.group("web").at("restarts") == 1);
  CHECK(who_answers(site) > 0);
}

TEST_CASE("gunicorn: a restart replaces every process, and no client is refused meanwhile",
          "[all]") {
  const std::string pace = GENERATE("", "--now");
  Site site(web(2));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.pids("web");

  std::vector<std::string> argv{programs().superctl, "-s", site.control(), "-q", "restart", "web"};
  if (!pace.empty()) argv.push_back(pace);
  Program restart(argv, {});
  while (!restart.ended()) {
    const Reply reply = get(site.address(), "/pid");
    CHECK(reply.error.empty());
    CHECK(reply.status == 200);
  }

  CHECK(restart.ended() == 0);
  for (const pid_t pid : site.pids("web")) CHECK(!contains(before, pid));
  for (const pid_t pid : before) CHECK(!proc::alive(pid));
  CHECK(site.state("web") == "running");
  CHECK(site.group("web").at("generation") == 2);
  CHECK(get(site.address(), "/generation").body == "2");
}

TEST_CASE("gunicorn: a request in flight is answered before its worker leaves", "[all]") {
  Site site(web(1));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  Get slow(site.address(), "/slow");
  Get after(site.address(), "/pid");

  CHECK(site.ctl({"restart", "web"}).exit == 0);

  CHECK(slow.reply().status == 200);
  CHECK(after.reply().status == 200);
}

TEST_CASE("gunicorn: an application that cannot be imported is told with its last lines", "[all]") {
  Site site(R"(
[group.web]
command   = ["/usr/bin/gunicorn", "--preload", "broken:app"]
listen    = ["@ADDRESS@"]
directory = "@APPS@"
autostart = false
ready     = { when = "notify" }
env       = { PYTHONDONTWRITEBYTECODE = "1" }
)");
  const Superd superd(site);

  const Outcome start = site.ctl({"start", "web"});

  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("web.1: ") && Catch::Contains("status 1"));
  CHECK_THAT(start.err, Catch::Contains("the database of this application is away"));
}

TEST_CASE("pids and whose: every process of the group, and none else", "[all]") {
  Site site(web(2));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  std::set<pid_t> expected;
  std::string lines;
  for (const char* worker : {"web.1", "web.2"}) {
    const pid_t main = site.main_pid(worker);
    expected.insert(main);
    REQUIRE(wait_until(kSoon, [&] { return proc::children(main).size() == 1; }));
    for (const pid_t pid : proc::descendants(main)) expected.insert(pid);
    const Outcome whose =
        site.ctl({"whose", std::to_string(main), std::to_string(proc::children(main).at(0))});
    CHECK(whose.exit == 0);
    CHECK(whose.out == std::to_string(main) + " " + worker + " main 1\n" +
                           std::to_string(proc::children(main).at(0)) + " " + worker +
                           " child 1\n");
  }
  const std::vector<pid_t> all = site.pids("web");
  CHECK(std::vector<pid_t>(expected.begin(), expected.end()) == all);
  std::vector<pid_t> mains = {site.main_pid("web.1"), site.main_pid("web.2")};
  std::sort(mains.begin(), mains.end());
  CHECK(site.main_pids("web") == mains);
  const std::string tree = site.ctl({"pids", "web", "--tree"}).out;
  const std::string verbose = site.ctl({"status", "-v", "web"}).out;
  for (const pid_t pid : all) {
    CHECK_THAT(tree, Catch::Contains(std::to_string(pid)));
    CHECK_THAT(verbose, Catch::Contains(std::to_string(pid)));
  }
  CHECK_THAT(verbose, Catch::Contains("gunicorn") && Catch::Contains("tracking"));
  CHECK(site.ctl({"whose", std::to_string(::getpid())}).exit == 1);
}

}  // namespace superd::scenario
