#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

// What superd does about files of its own that somebody has removed.
namespace superd::scenario {
namespace {

constexpr const char* kWeb = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "20ms" }
)";

// The second names of all unix sockets.
constexpr const char* kAnchors = "run/sockets";

bool is_there(const Site& site, const char* name) {
  return ::access(site.path(name).c_str(), F_OK) == 0;
}

bool answers(const Site& site, const char* socket) {
  return get(site.expand("unix:@DIR@/") + socket, "/pid").status == 200;
}

void look_again(const Superd& superd) { REQUIRE(::kill(superd.keeper(), SIGHUP) == 0); }

std::size_t anchors(const Site& site) {
  std::error_code error;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(site.path(kAnchors), error)) {
    if (entry.path().extension() == ".sock") ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("with the runtime directory the history of events and superd.pid come back", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::string before = site.read("run/events");
  std::filesystem::remove_all(site.path("run"));
  look_again(superd);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.read("run/events").starts_with(before));
  CHECK(site.read("run/superd.pid") == std::to_string(superd.keeper()) + "\n");
  CHECK(site.ctl({"upgrade"}).exit == 0);
  CHECK(superd.log().find("superd.pid") == std::string::npos);
  CHECK(superd.kill_supervisor());
  CHECK_THAT(site.ctl({"events", "--json"}).out, Catch::Contains("daemon.started"));
}

TEST_CASE("an upgrade writes a journal that was removed, and succeeds", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");
  REQUIRE(::unlink(site.path("run/journal").c_str()) == 0);
  const Outcome upgraded = site.ctl({"upgrade"});
  INFO(upgraded.err);
  CHECK(upgraded.exit == 0);
  CHECK(site.main_pids("web") == pids);
}

TEST_CASE("a supervisor that takes over puts removed paths back at once", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t before = superd.supervisor();
  for (const char* path : {"run/control.sock", "web.sock"}) {
    REQUIRE(::unlink(site.path(path).c_str()) == 0);
  }
  REQUIRE(::kill(before, SIGKILL) == 0);
  CHECK(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(superd.supervisor() != before);
  CHECK(answers(site, "web.sock"));
}

TEST_CASE("a client that waits is answered though the control socket is opened anew", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
ready   = { when = "exec", command = ["test", "-e", "@DIR@/ready"] }
)");
  site.write("ready", "");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::filesystem::remove(site.path("ready"));
  Program restart({programs().superctl, "-s", site.control(), "restart", "web"}, {});
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "rolling"; }));
  std::filesystem::remove_all(site.path("run"));
  look_again(superd);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK_FALSE(restart.ended());
  site.write("ready", "");
  CHECK(restart.wait(kSoon) == 0);
}

TEST_CASE("removed second names of the sockets are made again", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::size_t before = anchors(site);
  REQUIRE(before >= 3);
  std::filesystem::remove_all(site.path(kAnchors));
  look_again(superd);
  REQUIRE(wait_until(kSoon, [&] { return anchors(site) == before; }));
  REQUIRE(::unlink(site.path("web.sock").c_str()) == 0);
  look_again(superd);
  REQUIRE(wait_until(kSoon, [&] { return is_there(site, "web.sock"); }));
  CHECK(answers(site, "web.sock"));
}

TEST_CASE("a unix socket without any name left is told, and opened anew by stop and start",
          "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::filesystem::remove_all(site.path(kAnchors));
  std::filesystem::remove(site.path("web.sock"));
  look_again(superd);
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "degraded"; }));
  CHECK(site.ctl({"status"}).exit == 3);
  CHECK_THAT(site.ctl({"why", "web"}).out, Catch::Contains("web.sock is gone"));
  CHECK(get(site.address(), "/pid").status == 200);

  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.ctl({"status"}).exit == 0);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  CHECK(answers(site, "web.sock"));
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(site.ctl({"status"}).exit == 0);
  // As every other: kept by the keeper, and with a second name.
  CHECK(superd.kill_supervisor());
  REQUIRE(::unlink(site.path("web.sock").c_str()) == 0);
  look_again(superd);
  CHECK(wait_until(kSoon, [&] { return is_there(site, "web.sock"); }));
  CHECK(answers(site, "web.sock"));
}

}  // namespace superd::scenario
