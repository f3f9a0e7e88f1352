#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/beside.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kTwoThatServe = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "50ms" }
)";

// A superd of the site's own, in whose place another program can be put.
std::string own_program(const Site& site) {
  std::string path = site.path("bin-superd");
  std::filesystem::copy_file(programs().superd, path);
  return path;
}

// 0: there is none.
ino_t inode_of(const std::string& path) {
  struct stat stat {};
  return ::stat(path.c_str(), &stat) == 0 ? stat.st_ino : 0;
}
ino_t program_of(pid_t pid) { return inode_of("/proc/" + std::to_string(pid) + "/exe"); }

}  // namespace

TEST_CASE("an upgrade changes superd under the application, which notices nothing", "[all]") {
  Site site(kTwoThatServe);
  const std::string own = own_program(site);
  const Superd superd(site, Superd::Await::control,
                      {"bash", "-c", "shift; exec " + own + " \"$@\"", "bash"});
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");
  const pid_t keeper = superd.keeper();
  const pid_t supervisor = superd.supervisor();
  const pid_t logger = superd.logger();
  const ino_t old = program_of(keeper);
  // As a package installs it: another file under the same name.
  std::filesystem::copy_file(own, site.path("new"));
  std::filesystem::rename(site.path("new"), own);

  const Outcome upgraded = site.ctl({"upgrade"});

  INFO(upgraded.err);
  CHECK(upgraded.exit == 0);
  CHECK_THAT(upgraded.out, Catch::Contains("superd: "));
  CHECK(superd.keeper() == keeper);
  CHECK(superd.supervisor() != supervisor);
  CHECK(wait_until(kSoon, [&] { return superd.logger() > 0 && superd.logger() != logger; }));
  CHECK(program_of(keeper) != old);
  for (const pid_t pid : {keeper, superd.supervisor(), superd.logger()}) {
    CHECK(program_of(pid) == inode_of(own));
  }
  CHECK(site.main_pids("web") == pids);
  CHECK(get(site.address(), "/pid").status == 200);
  // A signal asks for the same.
  const pid_t second = superd.supervisor();
  ::kill(keeper, SIGUSR2);
  REQUIRE(
      wait_until(kSoon, [&] { return superd.supervisor() > 0 && superd.supervisor() != second; }));
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(proc::zombies_below(keeper).empty());
}

TEST_CASE("an upgrade to a program that does not work changes nothing, and says why", "[all]") {
  Site site(kTwoThatServe);
  const std::string own = own_program(site);
  Program program({own, "-c", site.config()}, {});
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");
  const auto before = site.json({"status"}).at("superd");
  SECTION("that fails") { site.write("broken", "#!/bin/sh\nexit 1\n"); }
  SECTION("that is no superd, and content with everything") {
    std::filesystem::copy_file("/bin/true", site.path("broken"));
  }
  SECTION("that is none at all") { site.write("broken", "What is this?\n"); }
  ::chmod(site.path("broken").c_str(), 0755);
  std::filesystem::rename(site.path("broken"), own);

  const Outcome refused = site.ctl({"upgrade"});

  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Catch::Contains("not upgraded"));
  CHECK_THAT(refused.err, Catch::Contains("is no superd that can read what this one knows"));
  const auto after = site.json({"status"}).at("superd");
  CHECK(after.at("pid") == before.at("pid"));
  CHECK(after.at("supervisor_pid") == before.at("supervisor_pid"));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE(
    "an upgrade during a roll: who waits for a state gets it, who waits for the roll is told "
    "that it goes on",
    "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "2s" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  Beside restart(site, "restarted", {"restart", "web"});
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "rolling"; }));
  Beside running(site, "waited", {"wait", "--for", "running", "web"});

  REQUIRE(site.ctl({"upgrade"}).exit == 0);

  CHECK(restart.program().wait(kSoon) == 5);
  CHECK(restart.text().find("which goes on with the restart of web, roll ") != std::string::npos);
  CHECK(running.program().wait(kSoon) == 0);
  CHECK(site.state("web") == "running");
  CHECK(site.group("web").at("generation") == 2);
}

}  // namespace superd::scenario
