#include <string>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kTwoGroups = R"(
[group.web]
command = ["sh", "-c", "trap 'echo $SUPERD_WORKER >> @DIR@/reloaded' HUP; echo up >> @DIR@/up; while :; do sleep 0.1; done"]
workers = 2
reload_signal = "HUP"
ready = { when = "exec", command = ["test", "-s", "@DIR@/up"] }

[group.job]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)";

}  // namespace

TEST_CASE("reload: the main processes get the group's signal and live on", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.read("up") == "up\nup\n"; }));
  const std::string before = site.ctl({"pids", "--main", "web"}).out;
  const Outcome reload = site.ctl({"reload", "web"});
  CHECK(reload.exit == 0);
  CHECK(reload.out == "web: told to reload (2 workers)\n");
  CHECK(wait_until(kSoon, [&] {
    const std::string got = site.read("reloaded");
    return got == "web.1\nweb.2\n" || got == "web.2\nweb.1\n";
  }));
  CHECK(site.ctl({"reload", "web.2"}).exit == 0);
  CHECK(site.ctl({"pids", "--main", "web"}).out == before);
}

TEST_CASE("reload: a group without a reload signal is refused, with what to do", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("job", "running"));
  const Outcome reload = site.ctl({"reload", "job"});
  CHECK(reload.exit == 1);
  CHECK_THAT(reload.err, Catch::Contains("write reload_signal in [group.job]"));
}

}  // namespace superd::scenario
