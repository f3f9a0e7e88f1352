#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/superd.h"

// A journal that could not be written for a while knows less than the processes prove.
namespace superd::scenario {
namespace {

constexpr const char* kStaleWeb = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)";

constexpr const char* kJournal = "run/journal";

// The supervisor that follows finds the journal as it was when `text` was read.
void follow_with(const Site& site, const Superd& superd, const std::string& text) {
  REQUIRE(::kill(superd.supervisor(), SIGSTOP) == 0);
  std::ofstream(site.path(kJournal), std::ios::binary) << text << std::flush;
  REQUIRE(superd.kill_supervisor());
}

}  // namespace

TEST_CASE("workers that a journal of a while ago does not know live on", "[all]") {
  Site site(kStaleWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::string stale = site.read(kJournal);
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  const std::vector<pid_t> pids = site.main_pids("web");

  follow_with(site, superd, stale);

  CHECK(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.worker("web.1").at("generation") == 3);
  CHECK(site.group("web").at("generation") == 4);
  CHECK_THAT(superd.log(), Catch::Contains("superctl restart web makes them all alike"));
  CHECK(get(site.address(), "/pid").status == 200);
  // Superd has them in its hands, and what it knows now is what the next one goes on with.
  REQUIRE(superd.kill_supervisor());
  CHECK(site.main_pids("web") == pids);
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.worker("web.2").at("generation") == 5);
  for (const pid_t pid : pids) CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
  CHECK(site.main_pids("web").size() == 2);
}

TEST_CASE("a roll that a journal of a while ago has in hand does not take back the one after it",
          "[all]") {
  Site site(kStaleWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::string stale;
  REQUIRE(site.ctl({"restart", "web", "--no-wait"}).exit == 0);
  // Appended to as the roll goes on: a part of it is a journal of a moment before.
  REQUIRE(wait_until(kSoon, [&] {
    stale = site.read(kJournal);
    return stale.find("\"in_hand\":[1]") != std::string::npos;
  }));
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("generation") == 2; }));
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  const std::vector<pid_t> pids = site.main_pids("web");

  follow_with(site, superd, stale);

  CHECK(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("what was started after a stop that the journal knows last lives on", "[all]") {
  Site site(kStaleWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  const std::string stale = site.read(kJournal);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  const std::vector<pid_t> pids = site.main_pids("web");

  follow_with(site, superd, stale);

  CHECK(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
}

}  // namespace superd::scenario
