#include <csignal>
#include <filesystem>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kServing = R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)";

}  // namespace

TEST_CASE("a supervisor that is stopped for good is killed, and a new one takes its place",
          "[long]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t stopped = superd.supervisor();
  REQUIRE(::kill(stopped, SIGSTOP) == 0);
  // Asked after a minute, killed 30 s later.
  CHECK(wait_until(180s, [&] { return superd.supervisor() != stopped; }));
  CHECK(superd.log().find("has not answered for 30 s: killed") != std::string::npos);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("a TERM that a stopped supervisor does not take ends superd all the same", "[long]") {
  Site site(kServing);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(::kill(superd.supervisor(), SIGSTOP) == 0);
  superd.program().signal(SIGTERM);
  CHECK(superd.program().wait(120s) == 0);
}

TEST_CASE("a worker that writes does not stand while the logger dies again and again", "[full]") {
  Site site(R"(
[group.loud]
command = ["sh", "-c", "sleep 2; head -c 4000000 /dev/zero | tr '\\0' '\\n'; : >@DIR@/written; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("loud", "running"));
  CHECK(wait_until(kSoon, [&] {
    if (const pid_t logger = superd.logger(); logger > 0) ::kill(logger, SIGKILL);
    return std::filesystem::exists(site.path("written"));
  }));
  CHECK(superd.log().find("the logger stays away: output is thrown away") != std::string::npos);
  CHECK(wait_until(
      kSoon, [&] { return superd.log().find("bytes of output were lost") != std::string::npos; }));
  CHECK(superd.logger() > 0);
}

TEST_CASE("a supervisor that is stopped does not outlive its keeper", "[all]") {
  Site site(kServing);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  const pid_t supervisor = superd.supervisor();
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  superd.program().signal(SIGKILL);
  CHECK(superd.program().wait(60s) == 128 + SIGKILL);
  CHECK(wait_until(kSoon, [&] { return !proc::alive(supervisor); }));
  CHECK(proc::alive(worker));
  site.take_leftovers();
}

}  // namespace superd::scenario
