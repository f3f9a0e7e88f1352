#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Says something, waits for the file `go`, says that it serves, and lives on.
const std::string kBooting =
    R"(["sh", "-c", "echo booting; until test -e @DIR@/go; do sleep 0.1; done; echo serving on 8000 >&2; exec sleep 100000"])";

std::string group(const std::string& output) {
  return "\n[group." + output + "]\ncommand = " + kBooting +
         "\nready = { when = \"log\", match = '^serving on \\d+$' }\nlog.output = \"" + output +
         "\"\n";
}

}  // namespace

TEST_CASE(
    "ready log: a worker is ready when a line of its output matches, also after the logger "
    "was killed",
    "[root]") {
  Site site(group("file") + group("discard"));
  const Superd superd(site);
  const std::vector<std::string> groups{"file", "discard"};
  for (const std::string& name : groups) {
    REQUIRE(wait_until(kSoon, [&] {
      return site.worker(name + ".1").at("detail") ==
             "no line of its output matched /^serving on \\d+$/";
    }));
    CHECK(site.state(name) == "starting");
  }
  const pid_t logger = superd.logger();
  REQUIRE(::kill(logger, SIGKILL) == 0);
  // Written while there is a logger no more, or not yet again.
  site.write("go", "");
  for (const std::string& name : groups) CHECK(site.reaches(name, "running"));
  CHECK_THAT(site.ctl({"logs", "file"}).out, Catch::Contains("serving on 8000"));
  CHECK(site.read("log/discard.1.log").empty());
}

TEST_CASE("ready log: a start that is given up names the pattern, and the last lines", "[full]") {
  Site site(R"(
[group.web]
command   = ["sh", "-c", "echo cannot serve; exec sleep 100000"]
autostart = false
respawn   = { policy = "never" }
ready     = { match = "^serving", timeout = "2s" }
)");
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("web.1: was not ready within 2s: no line of its output "
                                        "matched /^serving/"));
  CHECK_THAT(start.err, Catch::Contains("cannot serve"));
}

TEST_CASE("ready log: lines of the process before do not count", "[full]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "test -e @DIR@/silent || echo serving; exec sleep 100000"]
ready   = { match = "^serving", timeout = "2s" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> before = site.pids("web");
  site.write("silent", "");
  const Outcome restart = site.ctl({"restart", "web"});
  CHECK(restart.exit == 1);
  CHECK_THAT(restart.err, Catch::Contains("no line of its output matched"));
  CHECK(site.pids("web") == before);
}

}  // namespace superd::scenario
