#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/triggered.h"

namespace superd::scenario {
namespace {

void touch(const Site& site, const std::string& name, std::int64_t seconds) {
  const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
  REQUIRE(::utimensat(AT_FDCWD, site.path(name).c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("trigger: a touched file rolls its group, and no other", "[all]") {
  Site site(web(trigger("paths = ['app.wsgi']")) + R"(
[group.other]
command = ["@WORKER@", "tick"]
ready = { when = "delay", delay = "10ms" }
)");
  site.write("app.wsgi", "x");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("other", "running"));
  const pid_t before = site.main_pid("web.1");
  const pid_t other = site.main_pid("other.1");

  touch(site, "app.wsgi", 1'600'000'000);

  REQUIRE(settles_at(site, 2));
  CHECK(site.main_pid("web.1") != before);
  CHECK(site.main_pid("other.1") == other);
  CHECK(site.group("web").at("cause") == "trigger " + site.path("app.wsgi"));
  CHECK(logs(superd, "web: trigger fired: " + site.path("app.wsgi") + " changed"));
}

TEST_CASE("trigger: a deploy that switches the link rolls to the new release, under load, once",
          "[root]") {
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .more = "[[group.web.trigger]]\npaths = [\"app.wsgi\"]\n"}));
  const Releases releases(site);
  site.write("releases/1/app.wsgi", "");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  releases.make("2");
  site.write("releases/2/app.wsgi", "");
  releases.switch_to("2");

  REQUIRE(wait_until(60s, [&] { return load.report().versions.count("2") == 1; }));
  REQUIRE(wait_until(60s, [&] { return site.state("web") == "running"; }));
  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(generation(site) == 2);
}

TEST_CASE("trigger: a thousand writes are one roll or two, and no request fails", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .more = "[[group.web.trigger]]\npaths = [\"@DIR@/burst/\"]\n"}));
  const Releases releases(site);
  std::filesystem::create_directory(site.path("burst"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  for (int i = 0; i < 1000; ++i) site.write("burst/" + std::to_string(i), "x");

  REQUIRE(wait_until(60s, [&] { return generation(site) >= 2; }));
  REQUIRE(wait_until(60s, [&] { return site.state("web") == "running"; }));
  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(generation(site) <= 3);
}

TEST_CASE("trigger: a change during a roll makes exactly one more roll after it", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .workers = 1,
                    .more = "[[group.web.trigger]]\npaths = [\"@DIR@/app.wsgi\"]\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  releases.deploy("2", "import-waits-for @DIR@/gate");
  site.write("app.wsgi", "1");
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "rolling"; }));
  for (int i = 0; i < 3; ++i) {
    site.write("app.wsgi", std::string(static_cast<std::size_t>(i + 2), 'x'));
    REQUIRE(wait_until(kSoon, [&] { return times_in(superd.log(), "trigger fired") == i + 2; }));
  }
  site.write("gate", "");
  CHECK(settles_at(site, 3));
}

TEST_CASE("trigger: each way in which a file can change is seen", "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  int wanted = 1;
  const auto rolls = [&] { return settles_at(site, ++wanted); };

  site.write("app.wsgi", "x");
  CHECK(rolls());
  site.write("draft", "y");
  std::filesystem::rename(site.path("draft"), site.path("app.wsgi"));
  CHECK(rolls());
  touch(site, "app.wsgi", 1'500'000'000);
  CHECK(rolls());
  site.write("app.wsgi", "zz");
  CHECK(rolls());
  // Within the same second.
  site.write("app.wsgi", "aa");
  CHECK(rolls());
  std::filesystem::remove(site.path("app.wsgi"));
  site.write("app.wsgi", "aa");
  CHECK(rolls());
  std::filesystem::rename(site.path("app.wsgi"), site.path("app.wsgi~"));
  site.write(".app.wsgi.swp", "");
  site.write("app.wsgi", "after an editor");
  CHECK(rolls());
}

TEST_CASE("trigger: a group that was stopped stays stopped, and start and stop are actions too",
          "[root]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'") +
                trigger("paths = ['up']\naction = 'start'\nsettle = '10ms'") +
                trigger("paths = ['down']\naction = 'stop'\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  site.write("down", "");
  REQUIRE(site.reaches("web", "stopped"));
  site.write("app.wsgi", "x");
  REQUIRE(logs(superd, "web: nothing to restart: the group is stopped"));
  CHECK(site.state("web") == "stopped");
  site.write("up", "");
  REQUIRE(site.reaches("web", "running"));
}

TEST_CASE("trigger: a signal goes to the main processes, which stay", "[full]") {
  Site site(R"(
[group.web]
command = ["/bin/sh", "-c", "trap 'echo got it' USR1; touch ready; while :; do sleep 0.05; done"]
directory = "@DIR@"
ready = { when = "exec", command = ["test", "-e", "ready"] }
)" + trigger("paths = ['certificate.pem']\naction = 'signal USR1'"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t before = site.main_pid("web.1");

  site.write("certificate.pem", "new");

  CHECK(wait_until(kSoon,
                   [&] { return site.read("log/web.1.log").find("got it") != std::string::npos; }));
  CHECK(site.main_pid("web.1") == before);
}

TEST_CASE("trigger: an application that writes what is watched does not roll for ever", "[root]") {
  const auto text = [](const std::string& more) {
    return R"(
[superd]
runtime_dir = "@DIR@/run"
log_dir = "@DIR@/log"
[group.web]
command = ["sh", "-c", "echo $SUPERD_GENERATION >@DIR@/src/cache; exec sleep 100000"]
directory = "@DIR@"
ready = { when = "delay", delay = "10ms" }
)" + trigger("paths = ['src/']\nsettle = '10ms'\n" + more);
  };
  Site site(text(""));
  std::filesystem::create_directory(site.path("src"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  site.write("src/app.py", "x");

  const std::string said = "web: " + site.path("src/cache") + " changed 11 times in a row";
  REQUIRE(logs(superd, said));
  CHECK(superd.log().find("add it to the trigger's ignore") != std::string::npos);
  // What changes while it waits is not what was written again and again.
  site.write("src/other.py", "x");
  REQUIRE(logs(superd, "; it waits already"));
  CHECK(site.ctl({"status"}).out.find(said) != std::string::npos);
  CHECK(site.ctl({"why", "web"}).out.find("changed 11 times in a row") != std::string::npos);
  CHECK(generation(site) <= 13);
  // What has waited is not lost by the remedy.
  const int before = generation(site);
  site.write("superd.toml", site.expand(text("ignore = ['cache']")));
  CHECK(site.ctl({"apply"}).exit == 0);
  CHECK(wait_until(kSoon, [&] { return generation(site) > before; }));
  CHECK(site.reaches("web", "running"));
  CHECK(site.ctl({"status"}).out.find("in a row") == std::string::npos);
}

TEST_CASE("trigger: a deploy that writes and restarts day by day is not slowed down", "[long]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  int wanted = 1;
  for (int day = 0; day < 12; ++day) {
    REQUIRE(site.ctl({"restart", "web"}).exit == 0);
    ++wanted;
    site.write("app.wsgi", std::string(static_cast<std::size_t>(day + 1), 'x'));
    REQUIRE(settles_at(site, ++wanted));
    // At rest for longer than an application writes when it starts.
    REQUIRE(wait_until(kSoon, [&] { return site.worker("web.1").at("uptime_s").get<int>() >= 7; }));
  }
  CHECK(superd.log().find("in a row") == std::string::npos);
}

TEST_CASE("trigger: where inotify has reached its limits superd looks by itself, and says so",
          "[root]") {
  // The limits of a user namespace, which belongs to this superd alone.
  const auto limit = [](const std::string& instances, const std::string& watches) {
    return "echo " + instances + " >/proc/sys/user/max_inotify_instances && echo " + watches +
           " >/proc/sys/user/max_inotify_watches";
  };
  std::vector<std::string> under = {"unshare", "--user", "--map-root-user",
                                    "sh",      "-c",     limit("0", "2") + R"( && exec "$0" "$@")"};
  std::vector<std::string> attempt = under;
  attempt.emplace_back("true");
  if (run(attempt).exit != 0) skip("there can be no user namespace with limits of its own");
  Site site(web(trigger("paths = ['src/']\nsettle = '10ms'")));
  std::filesystem::create_directory(site.path("src"));
  const Superd superd(site, Superd::Await::control, under);
  REQUIRE(site.reaches("web", "running"));
  const auto raise = [&](const std::string& instances, const std::string& watches) {
    return run({"nsenter", "--user", "--preserve-credentials", "-t",
                std::to_string(superd.keeper()), "sh", "-c", limit(instances, watches)})
        .exit;
  };
  const auto note = [&] { return site.ctl({"status"}).out; };

  CHECK(logs(superd, "as many inotify instances as there may be"));
  CHECK(note().find("looked at every few seconds: there are as many inotify instances") !=
        std::string::npos);
  site.write("src/app.py", "1");
  CHECK(settles_at(site, 2));

  CHECK(raise("10", "2") == 0);
  CHECK(logs(superd, "as many inotify watches as there may be"));
  CHECK(site.ctl({"why", "web"}).out.find("raise fs.inotify.max_user_watches") !=
        std::string::npos);
  const std::string found = site.ctl({"doctor"}).out;
  CHECK(found.find("missing  triggers: web: changes are found by looking") != std::string::npos);
  CHECK(found.find("remedy: raise fs.inotify.max_user_watches") != std::string::npos);
  site.write("src/app.py", "22");
  CHECK(settles_at(site, 3));

  CHECK(raise("10", "1000") == 0);
  CHECK(logs(superd, "the kernel tells of all changes that its triggers wait for again"));
  CHECK(note().find("looked at") == std::string::npos);
  site.write("src/app.py", "333");
  CHECK(settles_at(site, 4));
}

TEST_CASE("hold: what was due meanwhile is done once at the release", "[all]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  CHECK(site.ctl({"hold", "web"}).exit == 0);
  CHECK(site.group("web").at("held").get<std::string>().starts_with("held by command uid="));
  for (int i = 0; i < 2; ++i) {
    site.write("app.wsgi", std::string(static_cast<std::size_t>(i + 1), 'x'));
    REQUIRE(wait_until(kSoon, [&] { return times_in(superd.log(), "trigger fired") == i + 1; }));
  }
  CHECK(generation(site) == 1);
  CHECK(site.ctl({"status", "web"}).out.find("due at the release: restart") != std::string::npos);
  // Nobody had time to see this one before.
  site.write("app.wsgi", "the last");
  const Outcome released = site.ctl({"release", "web"});
  CHECK(released.exit == 0);
  CHECK(released.out.find("due at the release: restart") != std::string::npos);
  REQUIRE(settles_at(site, 2));
  CHECK(!site.group("web").contains("held"));
  // A restart by command is nobody's automatism.
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(generation(site) == 3);
}

TEST_CASE("hold: while the hold file exists nothing is done, and once when it goes", "[root]") {
  Site site(web("hold_file = 'deploy.lock'\n" + trigger("paths = ['src/']")));
  std::filesystem::create_directory(site.path("src"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  site.write("deploy.lock", "");
  for (int i = 0; i < 20; ++i) site.write("src/" + std::to_string(i), "x");
  REQUIRE(logs(superd, "the group is held"));
  CHECK(site.ctl({"why", "web"}).out.find("held by deploy.lock") != std::string::npos);
  site.write("src/last", "x");
  std::filesystem::remove(site.path("deploy.lock"));

  REQUIRE(settles_at(site, 2));
  CHECK(!site.group("web").contains("held"));
  CHECK(generation(site) == 2);
}

TEST_CASE("hold: a hold outlives a supervisor that dies", "[full]") {
  Site site(web(trigger("paths = ['app.wsgi']\nsettle = '10ms'")));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.ctl({"hold", "web"}).exit == 0);

  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGKILL);
  REQUIRE(wait_until(kSoon, [&] {
    return superd.supervisor() > 0 && superd.supervisor() != supervisor &&
           site.group("web").is_object();
  }));
  REQUIRE(site.reaches("web", "running"));

  CHECK(site.group("web").contains("held"));
  CHECK(site.ctl({"release", "web"}).exit == 0);
  CHECK(!site.group("web").contains("held"));
}

TEST_CASE("trigger: a tree of 5,000 directories is watched, and a file in it seen", "[full]") {
  Site site(web(trigger("paths = ['tree/']\nsettle = '10ms'")));
  for (int i = 0; i < 50; ++i) {
    for (int j = 0; j < 100; ++j) {
      std::filesystem::create_directories(
          site.path("tree/" + std::to_string(i) + "/" + std::to_string(j)));
    }
  }
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));

  site.write("tree/49/99/deep.py", "x");

  CHECK(settles_at(site, 2));
  CHECK(site.ctl({"ping"}).exit == 0);
}

}  // namespace superd::scenario
