#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <pwd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Two workers whose roll.before is the script `check` of the site.
constexpr const char* kCheck = R"(before = ["sh", "@DIR@/check"])";

std::string web(const std::string& roll = kCheck, const std::string& more = "") {
  return R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "10ms" }
env     = { SHOP = "open", PATH = "/usr/bin:/bin" }
roll    = { )" +
         roll + " }\n" + more;
}

// Begins, writes its PID and that of a child, and never ends of its own.
constexpr const char* kHangs = R"(trap '' TERM
sleep 100000 &
echo waiting for the database
echo $$ $! >@DIR@/hanging.part
mv @DIR@/hanging.part @DIR@/hanging
wait
wait
)";

std::vector<pid_t> hanging(const Site& site) {
  REQUIRE(wait_until(kSoon, [&] { return std::filesystem::exists(site.path("hanging")); }));
  const std::string pids = site.read("hanging");
  return {static_cast<pid_t>(std::stol(pids)),
          static_cast<pid_t>(std::stol(pids.substr(pids.find(' '))))};
}

void check_all_gone(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
  }
}

void check_nothing_changed(const Site& site, const std::vector<pid_t>& before) {
  CHECK(site.pids("web") == before);
  CHECK(site.state("web") == "running");
  CHECK(site.group("web").at("generation") == 1);
}

}  // namespace

TEST_CASE("roll.before: what it refuses is not rolled, and its last lines are told", "[all]") {
  Site site(web());
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.pids("web");
  site.write("check", "echo reading the settings\necho no such table: users >&2\nexit 3\n");

  const Outcome refused = site.ctl({"restart", "web"});

  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Catch::Contains("roll.before exited with status 3"));
  CHECK_THAT(refused.err + refused.out,
             Catch::Contains("reading the settings") && Catch::Contains("no such table: users"));
  check_nothing_changed(site, before);

  site.write("check", "exit 0\n");
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.group("web").at("generation") == 3);
  for (const pid_t pid : site.pids("web")) {
    CHECK(std::find(before.begin(), before.end(), pid) == before.end());
  }
}

TEST_CASE("roll.before: it ends before the first new process starts", "[all]") {
  Site site(web());
  site.write("check", "exit 0\n");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  const std::vector<std::string> order = steps(await_end(site, begin_restart(site)));

  CHECK(in_order(order, "before", "before-done"));
  CHECK(in_order(order, "before-done", "web.1 starting"));
}

TEST_CASE("roll.before: one that cannot be executed is told with stage and reason", "[all]") {
  Site site(web(R"(before = ["manage.py", "check"])"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.pids("web");

  const Outcome refused = site.ctl({"restart", "web"});

  CHECK(refused.exit == 1);
  CHECK_THAT(
      refused.err,
      Catch::Contains("roll.before could not be run: exec manage.py: No such file or directory"));
  check_nothing_changed(site, before);
}

TEST_CASE("roll.before: one that hangs is killed after before_timeout, with all it started",
          "[all]") {
  Site site(web(R"(before = ["sh", "@DIR@/check"], before_timeout = "2s")"));
  site.write("check", site.expand(kHangs));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.pids("web");

  const Outcome refused = site.ctl({"restart", "web"});

  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Catch::Contains("did not end within 2s"));
  CHECK_THAT(refused.err + refused.out, Catch::Contains("waiting for the database"));
  check_all_gone(hanging(site));
  check_nothing_changed(site, before);
}

TEST_CASE("roll.before: a stop of the group ends it", "[all]") {
  Site site(web());
  site.write("check", site.expand(kHangs));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::uint64_t id = begin_restart(site);
  const std::vector<pid_t> pids = hanging(site);

  CHECK(site.ctl({"stop", "web"}).exit == 0);

  check_all_gone(pids);
  CHECK(site.state("web") == "stopped");
  CHECK(await_end(site, id).at("result") == "stopped");
}

TEST_CASE("roll.before: its processes are nobody's workers, and known all the same", "[all]") {
  Site site(web());
  site.write("check", site.expand(kHangs));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> workers = site.pids("web");
  begin_restart(site);
  const std::vector<pid_t> pids = hanging(site);

  CHECK(site.pids("web") == workers);
  CHECK_FALSE(site.json({"status"}).at("superd").contains("unknown"));
  CHECK(site.ctl({"whose", std::to_string(pids.at(0))}).exit == 1);
}

TEST_CASE("roll.before: a shutdown of superd leaves nothing of it", "[all]") {
  Site site(web());
  site.write("check", site.expand(kHangs));
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  begin_restart(site);
  const std::vector<pid_t> pids = hanging(site);
  CHECK(superd.end() == 0);
  check_all_gone(pids);
}

TEST_CASE("roll.before: what a killed supervisor leaves of it is ended, and done again by the next",
          "[all]") {
  Site site(web());
  site.write("check", site.expand(kHangs));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::uint64_t id = begin_restart(site);
  const std::vector<pid_t> pids = hanging(site);

  site.write("check", "exit 0\n");
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGKILL);

  check_all_gone(pids);
  REQUIRE(wait_until(kSoon,
                     [&] { return superd.supervisor() > 0 && superd.supervisor() != supervisor; }));
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(await_end(site, id).at("result") == "done");
  CHECK(site.state("web") == "running");
}

TEST_CASE("roll.before: it runs in the directory and environment that the new processes get",
          "[all]") {
  Site site(web(kCheck, "directory = \"@DIR@/current\"\nenv_file = \".env\"\n"));
  for (const char* release : {"1", "2"}) {
    std::filesystem::create_directories(site.path("releases") + "/" + release);
    site.write(std::string("releases/") + release + "/.env", std::string("RELEASE=") + release);
  }
  std::filesystem::create_directory_symlink("releases/1", site.path("current"));
  site.write("check", "pwd -P; echo $SHOP $RELEASE $SUPERD_WORKER $SUPERD_GENERATION; exit 1\n");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::filesystem::remove(site.path("current"));
  std::filesystem::create_directory_symlink("releases/2", site.path("current"));

  const Outcome refused = site.ctl({"restart", "web"});

  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err + refused.out,
             Catch::Contains(std::filesystem::canonical(site.path("releases/2")).string()) &&
                 Catch::Contains("open 2 web.1 2"));
}

TEST_CASE("roll.before: it runs as the user of the group, without rights to get",
          "[root][nocgroup]") {
  const passwd* user = ::getpwnam("www-data");
  if (user == nullptr) skip("there is no user www-data");
  const std::string uid = std::to_string(user->pw_uid);
  Site site(web(kCheck, "user = \"www-data\"\numask = \"0027\"\ndirectory = \"/\"\n"));
  site.write("check", "id -u; umask; grep NoNewPrivs /proc/self/status; exit 1\n");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  const Outcome refused = site.ctl({"restart", "web"});

  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err + refused.out,
             Catch::Contains(uid) && Catch::Contains("0027") && Catch::Contains("NoNewPrivs:"));
  CHECK_THAT(refused.err + refused.out, Catch::Matches("[^]*NoNewPrivs:.{1,4}1[^]*"));
}

}  // namespace superd::scenario
