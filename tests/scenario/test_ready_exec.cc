#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {

TEST_CASE("ready exec: a worker is ready when the command exits with 0, and not before", "[all]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "exec", command = ["sh", "-c", "echo asking $SUPERD_WORKER; test -e @DIR@/{worker}"] }
)");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] {
    return site.worker("web.2").at("detail") == "ready.command exited with status 1: asking web.2";
  }));
  CHECK(site.state("web.1") == "starting");
  site.write("1", "");
  CHECK(site.reaches("web.1", "ready"));
  CHECK(site.state("web.2") == "starting");
  CHECK(site.worker("web.1").at("detail") == "");
  site.write("2", "");
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("ready exec: a start that is given up tells what the command said last",
          "[root][nocgroup-long][user-long]") {
  Site site(R"(
[group.refused]
command   = ["sleep", "100000"]
autostart = false
respawn   = { policy = "never" }
ready     = { when = "exec", timeout = "2s", command = ["sh", "-c", "echo Connection refused; exit 7"] }

[group.missing]
command   = ["sleep", "100000"]
autostart = false
respawn   = { policy = "never" }
ready     = { when = "exec", timeout = "2s", command = ["/nonexistent/check"] }

[group.hanging]
command   = ["sleep", "100000"]
autostart = false
respawn   = { policy = "never" }
ready     = { when = "exec", timeout = "2s", command = ["sh", "-c", "echo $$ >@DIR@/hanging; sleep 100000"] }
)");
  const Superd superd(site);
  const Outcome refused = site.ctl({"start", "refused"});
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Catch::Contains("refused.1: was not ready within 2s: ready.command "
                                          "exited with status 7: Connection refused"));
  const Outcome missing = site.ctl({"start", "missing"});
  CHECK(missing.exit == 1);
  CHECK_THAT(missing.err, Catch::Contains("ready.command: exec /nonexistent/check: No such file"));
  const Outcome hanging = site.ctl({"start", "hanging"});
  CHECK(hanging.exit == 1);
  CHECK_THAT(hanging.err, Catch::Contains("ready.command has not ended yet"));
  const auto pid = static_cast<pid_t>(std::stol(site.read("hanging")));
  CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
}

}  // namespace superd::scenario
