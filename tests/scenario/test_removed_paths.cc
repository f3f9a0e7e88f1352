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

}  // namespace superd::scenario
