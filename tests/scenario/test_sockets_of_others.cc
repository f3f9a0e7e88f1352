#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

// The sockets of a superd that was killed whole are in its workers alone, and may not be taken from
// these: they are undumpable, and superd is an ordinary user.
namespace superd::scenario {
namespace {

constexpr const char* kUndumpable = R"(
[group.web]
command = ["@WORKER@", "serve", "--undumpable"]
workers = 2
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)";

// The main processes of the workers that the next superd finds.
std::vector<pid_t> outlive_their_superd(Site& site) {
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::vector<pid_t> pids = site.main_pids("web");
  const std::vector<pid_t> rest = {superd.supervisor(), superd.logger()};
  superd.program().signal(SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return !proc::alive(rest[0]) && !proc::alive(rest[1]); }));
  return pids;
}

}  // namespace

TEST_CASE("apply: a group that waits for its sockets, and is as it was, hinders nothing",
          "[user]") {
  Site site(kUndumpable);
  const std::vector<pid_t> pids = outlive_their_superd(site);
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "degraded"; }));
  site.write("superd.toml", site.read("superd.toml") + site.expand(R"(
[group.other]
command = ["@WORKER@", "serve"]
ready   = { when = "delay", delay = "0s" }
)"));
  const Outcome applied = site.ctl({"apply"});
  INFO(applied.err);
  CHECK(applied.exit == 0);
  CHECK(site.state("other") == "running");
  CHECK(site.main_pids("web") == pids);
  // Of the apply when superd was started as well.
  CHECK_THAT(site.ctl({"events"}).out, !Catch::Contains("config.rejected"));
}

TEST_CASE("a stop that ends the workers with the sockets ends the trouble", "[user]") {
  Site site(kUndumpable);
  outlive_their_superd(site);
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "degraded"; }));
  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  const Outcome status = site.ctl({"status"});
  CHECK(status.exit == 0);
  CHECK_THAT(status.out, !Catch::Contains("they serve"));
  CHECK_THAT(site.ctl({"why", "web"}).out, !Catch::Contains("they serve"));
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.state("web") == "running");
  CHECK(get(site.address(), "/pid").status == 200);
}

}  // namespace superd::scenario
