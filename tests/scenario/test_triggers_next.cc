#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "harness/triggered.h"

// What triggers and holds keep over the end of a supervisor.
namespace superd::scenario {
namespace {

// The supervisor has written down what it has seen of the triggers' paths.
bool keeps_seen(const Superd& superd) {
  return wait_until(kSoon, [&] {
    const std::string fds = "/proc/" + std::to_string(superd.supervisor()) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(fds)) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(entry.path(), gone);
      if (target.find("/journal") == std::string::npos) continue;
      std::ifstream journal(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(journal), {}};
      if (text.find("seen/web") != std::string::npos) return true;
    }
    return false;
  });
}

// `meanwhile` happens while the supervisor that is to die is stopped.
bool another_supervisor(
    Site& site, const Superd& superd, const std::function<void()>& meanwhile = [] {}) {
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGSTOP);
  meanwhile();
  ::kill(supervisor, SIGKILL);
  return wait_until(kSoon, [&] {
    return superd.supervisor() > 0 && superd.supervisor() != supervisor &&
           site.group("web").is_object() && site.group("web").at("state") == "running";
  });
}

}  // namespace

TEST_CASE("hold: what is due outlives a supervisor that dies", "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.ctl({"hold", "web"}).exit == 0);
  site.write("app.wsgi", "x");
  REQUIRE(logs(superd, "the group is held"));

  REQUIRE(another_supervisor(site, superd));
  CHECK(site.ctl({"status", "web"}).out.find("due at the release: restart") != std::string::npos);
  CHECK(site.ctl({"release", "web"}).exit == 0);
  REQUIRE(settles_at(site, 2));
  // Once: neither the hold nor what was due is there again.
  REQUIRE(another_supervisor(site, superd));
  CHECK(!site.group("web").contains("held"));
  CHECK(generation(site) == 2);
}

TEST_CASE("trigger: a change that waits for quiet outlives the supervisor, by death and by upgrade",
          "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '2s'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(keeps_seen(superd));
  site.write("app.wsgi", "x");
  REQUIRE(another_supervisor(site, superd));
  REQUIRE(settles_at(site, 2));

  site.write("app.wsgi", "xy");
  CHECK(site.ctl({"upgrade"}).exit == 0);
  REQUIRE(settles_at(site, 3));
}

TEST_CASE(
    "trigger: what changes while no supervisor runs is seen by the next one, and nothing else",
    "[full]") {
  Site site(web(trigger("paths = ['app.wsgi', '*.ini', 'src/', 'current']\nsettle = '10ms'")));
  std::filesystem::create_directory(site.path("src"));
  site.write("src/a", "a");
  site.write("b.ini", "b");
  std::filesystem::create_symlink("src", site.path("current"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(keeps_seen(superd));

  REQUIRE(another_supervisor(site, superd));
  CHECK(site.ctl({"upgrade"}).exit == 0);
  REQUIRE(site.reaches("web", "running"));
  // That it is looked at is known by the change that follows, which is the first.
  REQUIRE(another_supervisor(site, superd, [&] { site.write("src/a", "another"); }));
  REQUIRE(settles_at(site, 2));
  CHECK(times_in(superd.log(), "trigger fired") == 1);
  // Known by its own path and by that through the link.
  CHECK(superd.log().find("/a and 1 more changed") != std::string::npos);
}

TEST_CASE("trigger: what is deleted while no supervisor runs is a change when it is there again",
          "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(keeps_seen(superd));
  REQUIRE(
      another_supervisor(site, superd, [&] { std::filesystem::remove(site.path("app.wsgi")); }));
  site.write("app.wsgi", "again");
  REQUIRE(settles_at(site, 2));
  CHECK(times_in(superd.log(), "trigger fired") == 1);
}

TEST_CASE("trigger: with content, what is written as it was while no supervisor runs is no change",
          "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'\ncontent = true")));
  site.write("app.wsgi", "as it was");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(keeps_seen(superd));
  REQUIRE(another_supervisor(site, superd, [&] { site.write("app.wsgi", "as it was"); }));
  REQUIRE(another_supervisor(site, superd, [&] { site.write("app.wsgi", "another"); }));
  REQUIRE(settles_at(site, 2));
  CHECK(times_in(superd.log(), "trigger fired") == 1);
}

TEST_CASE("hold: what is due while the hold file is there outlives a supervisor that dies",
          "[full]") {
  Site site(web("hold_file = 'deploy.lock'\n" + trigger("paths = ['src/']\nsettle = '10ms'")));
  std::filesystem::create_directory(site.path("src"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  site.write("deploy.lock", "");
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").contains("held"); }));
  site.write("src/a.py", "x");
  REQUIRE(logs(superd, "the group is held"));

  REQUIRE(another_supervisor(site, superd));
  CHECK(site.ctl({"status", "web"}).out.find("due at the release: restart") != std::string::npos);
  // The next one dies in the moment of the release.
  REQUIRE(
      another_supervisor(site, superd, [&] { std::filesystem::remove(site.path("deploy.lock")); }));
  REQUIRE(settles_at(site, 2));
  // A third death within ten seconds would set the journal aside.
  CHECK(site.ctl({"upgrade"}).exit == 0);
  REQUIRE(site.reaches("web", "running"));
  CHECK(generation(site) == 2);
}

}  // namespace superd::scenario
