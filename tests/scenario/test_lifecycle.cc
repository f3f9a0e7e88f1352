#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kWeb = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 3
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "20ms" }
)";

}  // namespace

TEST_CASE("shutdown: no process, no cgroup, no socket file is left", "[all]") {
  Site site(kWeb);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  std::vector<pid_t> all = proc::descendants(superd.keeper());
  CHECK(all.size() >= 5);
  const bool has_cgroups = site.has_cgroups();
  const std::string cgroup = proc::cgroup(site.main_pid("web.1"));
  if (has_cgroups) REQUIRE(proc::cgroup_exists(cgroup));

  CHECK(superd.end() == 0);

  for (const pid_t pid : all) CHECK(!proc::alive(pid));
  if (has_cgroups) {
    CHECK(!proc::cgroup_exists(cgroup));
    CHECK(!proc::cgroup_exists(std::filesystem::path(cgroup).parent_path().string()));
  }
  for (const char* file : {"web.sock", "run/control.sock", "run/worker.sock", "run/superd.pid"}) {
    INFO(file);
    CHECK(::access(site.path(file).c_str(), F_OK) != 0);
  }
  CHECK(get(site.address(), "/").error == "connect: Connection refused");
  CHECK(proc::children(::getpid()).empty());
}

TEST_CASE("shutdown: superctl shutdown waits until superd is gone", "[all]") {
  Site site(kWeb);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.ctl({"shutdown"}).exit == 0);
  CHECK(superd.program().wait(kSoon) == 0);
  CHECK(site.ctl({"status"}).exit == 5);
}

TEST_CASE("ps tells the three processes apart, and by the config superd from superd", "[all]") {
  Site site("[group.quiet]\ncommand = [\"@WORKER@\", \"serve\"]\n");
  const Superd superd(site);
  const auto shown = [](pid_t pid, const char* column) {
    return run({"ps", "-o", column, "-p", std::to_string(pid)}).out;
  };
  CHECK(shown(superd.keeper(), "args=") == "superd: keeper " + site.config() + "\n");
  CHECK(shown(superd.supervisor(), "args=") == "superd: supervisor " + site.config() + "\n");
  CHECK(shown(superd.logger(), "args=") == "superd: logger " + site.config() + "\n");
  CHECK(shown(superd.keeper(), "comm=") == "superd: keeper\n");
  CHECK(proc::environment(superd.keeper()).at("PATH") == std::getenv("PATH"));
}

TEST_CASE("a second superd on the same runtime directory is refused, and the first goes on",
          "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const Outcome second = site.superd({});
  CHECK(second.exit == 1);
  CHECK_THAT(second.err, Catch::Contains(site.path("run")));
  CHECK_THAT(second.err, Catch::Contains(std::to_string(superd.keeper())));
  CHECK(site.state("web") == "running");
}

TEST_CASE("a deleted pid file or control socket does not let a second superd in", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  for (const auto& entry : std::filesystem::directory_iterator(site.path("run"))) {
    if (!entry.is_directory()) std::filesystem::remove(entry.path());
  }
  CHECK(site.superd({}).exit == 1);
}

TEST_CASE("a runtime directory that was moved or removed does not let a second superd in",
          "[all]") {
  Site site(kWeb);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  // What keeps a second one out goes through an upgrade.
  superd.program().signal(SIGUSR2);
  REQUIRE(
      wait_until(kSoon, [&] { return superd.log().find(" made room for ") != std::string::npos; }));
  const bool removed = GENERATE(false, true);
  if (removed) {
    // superd may be about to write there.
    REQUIRE(wait_until(kSoon, [&] {
      std::error_code ignored;
      std::filesystem::remove_all(site.path("run"), ignored);
      return !std::filesystem::exists(site.path("run"));
    }));
  } else {
    std::filesystem::rename(site.path("run"), site.path("run.moved"));
  }
  const Outcome second = site.superd({});
  CHECK(second.exit == 1);
  CHECK_THAT(second.err, Catch::Contains(std::to_string(superd.keeper())));
  CHECK_THAT(second.err, Catch::Contains("kill -TERM"));
  CHECK(proc::alive(worker));
  // One that was killed stands in nobody's way.
  superd.program().signal(SIGKILL);
  REQUIRE(superd.program().wait(kSoon));
  site.take_leftovers();
  const Superd next(site);
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("files of superd that were removed are made again: at HUP, or when a start needs them",
          "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::string unix_web = site.expand("unix:@DIR@/web.sock");
  const auto is_back = [&] {
    return wait_until(kSoon, [&] {
      return site.ctl({"ping"}).exit == 0 && get(unix_web, "/pid").status == 200 &&
             get("unix:" + site.path("run/worker.sock"), "/v1/status").status == 403;
    });
  };
  std::filesystem::remove_all(site.path("run/notify"));
  CHECK(site.ctl({"restart", "web"}).exit == 0);

  for (const char* file : {"run/control.sock", "run/worker.sock", "web.sock"}) {
    REQUIRE(::unlink(site.path(file).c_str()) == 0);
  }
  REQUIRE(::kill(superd.keeper(), SIGHUP) == 0);
  CHECK(is_back());
  CHECK(superd.log().find("put back the path of the control socket") != std::string::npos);

  std::filesystem::rename(site.path("run"), site.path("run.moved"));
  REQUIRE(::kill(superd.keeper(), SIGHUP) == 0);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  // And the next supervisor finds what it needs there.
  const pid_t worker = site.main_pid("web.1");
  CHECK(superd.kill_supervisor());
  CHECK(site.main_pid("web.1") == worker);
  CHECK(site.worker("web.1").at("generation") == 3);
}

TEST_CASE("a removed control socket comes back within a minute by itself", "[long]") {
  Site site(kWeb);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(::unlink(site.path("run/control.sock").c_str()) == 0);
  REQUIRE(::unlink(site.path("web.sock").c_str()) == 0);
  CHECK(wait_until(150s, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
}

TEST_CASE("detach: returns 0 once every group is up, and superd goes on in the background",
          "[all]") {
  Site site(kWeb);
  const Outcome detach = site.superd({"--detach"});
  INFO(detach.err);
  CHECK(detach.exit == 0);
  CHECK(site.state("web") == "running");
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE("detach: superd.log that was moved away is opened anew, by all three processes",
          "[all]") {
  Site site(kWeb);
  REQUIRE(site.superd({"--detach"}).exit == 0);
  const auto moved = [&] {
    std::filesystem::rename(site.path("log/superd.log"), site.path("log/superd.log.1"));
  };
  const auto is_there = [&] { return std::filesystem::exists(site.path("log/superd.log")); };
  moved();
  CHECK(site.ctl({"logs", "--reopen"}).exit == 0);
  CHECK(is_there());
  const pid_t keeper = site.json({"status"}).at("superd").at("pid");
  const auto writes_to_old = [&] {
    std::vector<pid_t> all = proc::children(keeper);
    all.push_back(keeper);
    return std::ranges::any_of(all, [](pid_t pid) {
      const std::string link = "/proc/" + std::to_string(pid) + "/fd/2";
      return std::filesystem::read_symlink(link).filename() == "superd.log.1";
    });
  };
  // The keeper looks whenever it has something to do.
  ::kill(keeper, SIGUSR1);
  CHECK(wait_until(kSoon, [&] { return !writes_to_old(); }));
  // Nobody needs to tell: the next line makes it.
  moved();
  ::kill(site.main_pid("web.1"), SIGKILL);
  CHECK(wait_until(kSoon, is_there));
  CHECK(wait_until(kSoon,
                   [&] { return site.read("log/superd.log").find("web.1") != std::string::npos; }));
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE("detach: returns 1 when a first start failed, and the rest goes on", "[all]") {
  Site site(std::string(kWeb) + "[group.bad]\ncommand = [\"/nonexistent/program\"]\n");
  const Outcome detach = site.superd({"--detach"});
  CHECK(detach.exit == 1);
  CHECK(site.state("web") == "running");
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE("detach: a config with errors returns 1 and starts nothing", "[all]") {
  Site site("[group.web]\nworkers = 1\n");
  CHECK(site.superd({"--detach"}).exit == 1);
  CHECK(site.ctl({"status"}).exit == 5);
}

TEST_CASE("superd and superctl refuse options that they do not know", "[all]") {
  Site site(kWeb);
  CHECK(site.superd({"--no-such-option"}).exit == 2);
  CHECK(site.ctl({"status", "--no-such-option"}).exit == 2);
  CHECK(site.superd({"--version"}).exit == 0);
  CHECK(site.superd({"--help"}).exit == 0);
}

TEST_CASE("the control socket is the owner's alone, the worker socket is open to all", "[all]") {
  Site site(kWeb);
  const Superd superd(site);
  struct stat info {};
  REQUIRE(::stat(site.control().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
  REQUIRE(::stat(site.path("run/worker.sock").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0666);
  REQUIRE(::stat(site.path("run").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == (::geteuid() == 0 ? 0755U : 0700U));
}

}  // namespace superd::scenario
