#include <csignal>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Notes when it comes and goes. It leaves when the file keep.NAME is gone.
constexpr const char* kJob = R"sh(
name=$1 dir=$2
trap 'while [ -e "$dir/keep.$name" ]; do sleep 0.02; done; echo "$name down" >> "$dir/order"; exit 0' TERM
echo "$name up" >> "$dir/order"
while :; do sleep 0.05; done
)sh";

// web needs cache, cache needs db. cache counts as ready when the test says so.
constexpr const char* kChain = R"(
[group.web]
command    = ["sh", "@DIR@/job.sh", "web", "@DIR@"]
ready      = { when = "delay", delay = "20ms" }
depends_on = ["cache"]
[group.cache]
command    = ["sh", "@DIR@/job.sh", "cache", "@DIR@"]
ready      = { when = "exec", command = ["test", "-e", "@DIR@/cache.ready"] }
depends_on = ["db"]
autostart  = false
[group.db]
command    = ["sh", "@DIR@/job.sh", "db", "@DIR@"]
ready      = { when = "delay", delay = "20ms" }
autostart  = false
)";

// web needs a cache that fails until the file `fixed` is there.
constexpr const char* kNeedsWhatFails = R"(
[group.web]
command    = ["sleep", "1000"]
ready      = { when = "delay", delay = "20ms" }
depends_on = ["cache"]
autostart  = false
[group.cache]
command    = ["sh", "-c", "test -e @DIR@/fixed && exec sleep 1000; echo out of luck >&2; exit 3"]
ready      = { when = "delay", delay = "500ms" }
respawn    = { backoff = { min = "200ms", max = "200ms" } }
autostart  = false
)";

std::string detail_of(const Site& site, const std::string& worker) {
  return site.worker(worker).at("detail").get<std::string>();
}

}  // namespace

TEST_CASE("depends_on: a group starts when what it needs runs, and that is started for it",
          "[all]") {
  Site site(kChain);
  site.write("job.sh", kJob);
  Superd superd(site);
  REQUIRE(site.reaches("db", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.read("order") == "db up\ncache up\n"; }));
  CHECK(site.state("web.1") == "starting");
  CHECK(detail_of(site, "web.1") == "waits for cache");
  CHECK(site.pids("web").empty());
  CHECK(site.group("db").at("cause") == "boot");
  const Outcome why = site.ctl({"why", "web.1"});
  CHECK_THAT(why.out, Catch::Contains("waits for cache"));

  site.write("cache.ready", "");
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.read("order") == "db up\ncache up\nweb up\n"; }));

  // A shutdown goes the other way round.
  CHECK(superd.end() == 0);
  CHECK(site.read("order") == "db up\ncache up\nweb up\nweb down\ncache down\ndb down\n");
}

TEST_CASE("depends_on: a stop stops what needs the group first; a start takes it back meanwhile",
          "[all]") {
  Site site(kChain);
  site.write("job.sh", kJob);
  site.write("cache.ready", "");
  site.write("keep.web", "");
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.read("order") == "db up\ncache up\nweb up\n"; }));
  const pid_t cache = site.main_pid("cache.1");

  Program stop({programs().superctl, "-s", site.control(), "stop", "cache"}, {});
  REQUIRE(site.reaches("web", "stopping"));
  CHECK(site.state("cache") == "running");
  CHECK(site.ctl({"start", "cache"}).exit == 0);
  CHECK(stop.wait(kSoon) == 1);
  CHECK(site.main_pid("cache.1") == cache);

  Program again({"sh", "-c",
                 programs().superctl + " -s " + site.control() + " stop db >" + site.path("said")},
                {});
  CHECK(site.state("db") == "running");
  site.write("order", "");
  REQUIRE(::unlink(site.path("keep.web").c_str()) == 0);
  CHECK(again.wait(kSoon) == 0);
  CHECK(site.read("order") == "web down\ncache down\ndb down\n");
  // web may have left before superd heard of the stop of db.
  CHECK_THAT(site.read("said"), Catch::Contains("db: stopped; ") && Catch::Contains("cache") &&
                                    Catch::Contains(" stopped before it (depends_on)\n"));
  CHECK(site.state("web") == "stopped");
}

TEST_CASE("depends_on: when what it needs fails, a start says so, and goes on waiting", "[all]") {
  Site site(kNeedsWhatFails);
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err,
             Catch::Contains("waits for cache: cache.1 exited with status 3 before it was ready"));
  CHECK_THAT(start.err, Catch::Contains("out of luck"));
  CHECK(site.state("web.1") == "starting");
  CHECK(detail_of(site, "web.1") == "waits for cache");
  site.write("fixed", "");
  CHECK(site.reaches("web", "running"));
  CHECK(site.state("cache") == "running");
}

TEST_CASE("depends_on: the restart of a group that is down ends as a start does", "[all]") {
  Site site(kNeedsWhatFails);
  site.write("fixed", "");
  const Superd superd(site);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  REQUIRE(site.ctl({"stop", "cache"}).exit == 0);
  CHECK(site.state("web") == "stopped");
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.state("cache") == "running");

  REQUIRE(site.ctl({"stop", "cache"}).exit == 0);
  REQUIRE(::unlink(site.path("fixed").c_str()) == 0);
  const Outcome restart = site.ctl({"restart", "--timeout", "20s", "web"});
  CHECK(restart.exit == 1);
  CHECK_THAT(restart.err,
             Catch::Contains("waits for cache: cache.1 exited with status 3 before it was ready"));
}

TEST_CASE("depends_on: a detached superd says that what a group needs has failed", "[all]") {
  Site site(std::string(kNeedsWhatFails) +
            "[group.mail]\ncommand = [\"sleep\", \"1000\"]\n"
            "ready = { delay = \"20ms\" }\ndepends_on = [\"cache\"]\n");
  const Outcome detach = site.superd({"--detach"});
  CHECK(detach.exit == 1);
  CHECK_THAT(site.read("log/superd.log"),
             Catch::Contains("mail.1: waits for cache: cache.1 exited with status 3"));
  site.write("fixed", "");
  CHECK(site.reaches("mail", "running"));
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE("depends_on: a job that has done its work is enough, and is done once", "[all]") {
  Site site(R"(
[group.web]
command    = ["sleep", "1000"]
ready      = { when = "delay", delay = "20ms" }
depends_on = ["migrate"]
[group.migrate]
command    = ["sh", "-c", "sleep 0.3; echo done >> @DIR@/order"]
ready      = { when = "delay", delay = "50s" }
respawn    = { policy = "on-failure" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.state("migrate.1") == "exited");
  CHECK(site.read("order") == "done\n");
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.read("order") == "done\n");
}

TEST_CASE("depends_on: restarts and crashes of what a group needs leave the group alone", "[all]") {
  Site site(kChain);
  site.write("job.sh", kJob);
  site.write("cache.ready", "");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t web = site.main_pid("web.1");
  const pid_t db = site.main_pid("db.1");
  REQUIRE(::kill(db, SIGKILL) == 0);
  REQUIRE(wait_until(kSoon,
                     [&] { return site.state("db") == "running" && site.main_pid("db.1") != db; }));
  CHECK(site.ctl({"restart", "cache"}).exit == 0);
  CHECK(site.main_pid("web.1") == web);
}

}  // namespace superd::scenario
