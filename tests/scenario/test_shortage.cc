#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/shortage.h"
#include "harness/superd.h"

// What the machine has too little of is lacking for a while: superd says so, tries again, and
// answers meanwhile.
namespace superd::scenario {
namespace {

constexpr const char* kTwoGroups = R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
respawn = { backoff = { min = "50ms", max = "200ms" }, give_up = { failures = 2 } }

[group.more]
command   = ["@WORKER@", "deaf"]
workers   = 8
autostart = false
ready     = { when = "delay", delay = "50ms" }
stop      = { signal = "KILL" }
respawn   = { backoff = { min = "50ms", max = "200ms" }, policy = "never" }
)";

bool says(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

bool answers(const Site& site) {
  const Outcome status = site.ctl({"status"});
  return (status.exit == 0 || status.exit == 3) && says(status.out, "web") &&
         site.ctl({"ping"}).exit == 0;
}

bool all_running(const Site& site) {
  return site.reaches("web", "running") && site.reaches("more", "running") &&
         site.main_pids("more").size() == 8;
}

}  // namespace

TEST_CASE("shortage: where no process can be made starts are tried again, and superd answers",
          "[all]") {
  if (!FewTasks::possible()) skip("no pids controller that can be set");
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  {
    const FewTasks none({superd.supervisor()}, 1);
    const Outcome start = site.ctl({"start", "more"});
    CHECK(start.exit == 1);
    CHECK(says(start.err, "Resource temporarily unavailable"));
    CHECK(::kill(site.main_pid("web.1"), SIGKILL) == 0);
    CHECK(wait_until(kSoon, [&] {
      return says(site.ctl({"why", "web.1"}).out, "Resource temporarily unavailable");
    }));
    CHECK(answers(site));
    CHECK(says(superd.log(), "Resource temporarily unavailable"));
  }
  CHECK(all_running(site));
}

TEST_CASE("shortage: a supervisor that can make no thread goes on with its workers and waits",
          "[root]") {
  if (!FewTasks::possible()) skip("no pids controller that can be set");
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  {
    // Room for a supervisor beside the keeper, and for nothing more.
    const FewTasks two({superd.keeper()}, 2);
    REQUIRE(superd.kill_supervisor());
    const Program start({programs().superctl, "-s", site.control(), "start", "more"},
                        {.env = {}, .directory = "", .out = -1, .err = -1});
    CHECK(wait_until(kSoon, [&] { return says(superd.log(), "no thread"); }));
    CHECK(answers(site));
    CHECK(site.main_pid("web.1") == worker);
    CHECK(!says(superd.log(), "journal aside"));
  }
  CHECK(all_running(site));
  CHECK(site.main_pid("web.1") == worker);
}

TEST_CASE("shortage: a logger that can make some of its threads only waits for the others",
          "[root]") {
  if (!FewTasks::possible()) skip("no pids controller that can be set");
  Site site("[group.web]\ncommand = [\"sh\", \"-c\", \"while echo line; do sleep 0.05; done\"]\n");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  pid_t second = -1;
  {
    // The keeper, a logger, and fewer threads than it wants.
    const FewTasks eight({superd.keeper()}, 8);
    const pid_t first = superd.logger();
    REQUIRE(first > 0);
    ::kill(first, SIGKILL);
    CHECK(wait_until(kSoon, [&] { return says(superd.log(), "no thread"); }));
    second = superd.logger();
    CHECK(second > 0);
    CHECK(answers(site));
    CHECK(superd.logger() == second);
  }
  const std::size_t before = site.read("log/web.1.log").size();
  CHECK(wait_until(kSoon, [&] { return site.read("log/web.1.log").size() > before; }));
  CHECK(superd.logger() == second);
}

TEST_CASE("shortage: without further descriptors starts are tried again, and superd answers",
          "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t supervisor = superd.supervisor();
  const std::size_t before = descriptors(supervisor).size();
  {
    const Limited none(supervisor, RLIMIT_NOFILE, no_further_descriptor(supervisor));
    const Outcome start = site.ctl({"start", "more"});
    CHECK(start.exit == 1);
    CHECK(says(start.err, "Too many open files"));
    CHECK(answers(site));
    CHECK(says(site.ctl({"why", "more"}).out, "Too many open files"));
    CHECK(::kill(site.main_pid("web.1"), SIGKILL) == 0);
    CHECK(wait_until(kSoon, [&] { return site.state("web") != "running"; }));
    CHECK(answers(site));
  }
  CHECK(all_running(site));
  CHECK(superd.supervisor() == supervisor);
  CHECK(site.ctl({"stop", "more"}).exit == 0);
  CHECK(wait_until(kSoon, [&] { return descriptors(supervisor).size() <= before; }));
}

TEST_CASE("shortage: a stop waits for every process, also without further descriptors", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "children", "5"]
workers = 4
ready   = { when = "delay", delay = "200ms" }
stop    = { timeout = "300ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.pids("web").size() == 24; }));
  const std::vector<pid_t> pids = site.pids("web");
  const pid_t supervisor = superd.supervisor();
  {
    const Limited none(supervisor, RLIMIT_NOFILE, no_further_descriptor(supervisor));
    const Outcome stop = site.ctl({"stop", "web"});
    CHECK(stop.exit == 0);
    for (const pid_t pid : pids) CHECK(!proc::alive(pid));
  }
  CHECK(site.ctl({"start", "web"}).exit == 0);
}

TEST_CASE("shortage: a keeper without further descriptors starts a supervisor that died again",
          "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  {
    const Limited none(superd.keeper(), RLIMIT_NOFILE, no_further_descriptor(superd.keeper()));
    CHECK(superd.kill_supervisor());
    CHECK(superd.kill_supervisor());
    CHECK(answers(site));
    CHECK(site.main_pid("web.1") == worker);
    CHECK(site.ctl({"start", "more"}).exit == 0);
  }
  CHECK(superd.kill_supervisor());
  CHECK(all_running(site));
  CHECK(site.main_pid("web.1") == worker);
}

TEST_CASE("shortage: on a full disk superd goes on, and says what it could not write",
          "[root][nocgroup]") {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    skip("no mount namespace of our own here");
  }
  Site site(kTwoGroups);
  for (const char* dir : {"run", "log"}) {
    std::filesystem::create_directory(site.path(dir));
    REQUIRE(::mount("tmpfs", site.path(dir).c_str(), "tmpfs", 0,
                    "size=2m,nr_inodes=100,mode=0755") == 0);
  }
  {
    const Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    const pid_t worker = site.main_pid("web.1");
    const auto fill = [&](const std::string& name) {
      std::ofstream(site.path(name), std::ios::binary) << std::string(4 << 20, 'x') << std::flush;
    };
    fill("run/full");
    fill("log/full");
    // A socket takes no room but an inode.
    int taken = 0;
    while (std::ofstream(site.path("run/inode" + std::to_string(taken)))) ++taken;
    CHECK(site.ctl({"start", "more"}).exit == 1);
    CHECK(says(site.ctl({"why", "more"}).out, "No space left on device"));
    CHECK(says(superd.log(), "No space left on device: superd goes on"));
    CHECK(answers(site));
    CHECK(site.main_pid("web.1") == worker);
    CHECK(superd.kill_supervisor());
    CHECK(site.main_pid("web.1") == worker);
    CHECK(answers(site));
    std::filesystem::remove(site.path("run/full"));
    std::filesystem::remove(site.path("log/full"));
    for (; taken >= 0; --taken)
      std::filesystem::remove(site.path("run/inode" + std::to_string(taken)));
    CHECK(wait_until(kSoon, [&] { return site.ctl({"start", "more"}).exit == 0; }));
    CHECK(all_running(site));
    CHECK(superd.kill_supervisor());
    CHECK(all_running(site));
    CHECK(site.main_pid("web.1") == worker);
  }
  for (const char* dir : {"run", "log"}) ::umount2(site.path(dir).c_str(), MNT_DETACH);
}

TEST_CASE("shortage: a worker that cannot be killed is shown, and not waited for for ever",
          "[full]") {
  const std::string freezer = "/sys/fs/cgroup/freezer/superd-test-" + std::to_string(::getpid());
  std::error_code failed;
  // One that the freezer of cgroup v1 holds takes no signal, not even KILL.
  if (!std::filesystem::create_directory(freezer, failed)) skip("no freezer of cgroup v1");
  const auto tell = [&](const char* file, const std::string& text) {
    std::ofstream(freezer + "/" + file) << text << std::flush;
  };
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "300ms" }
)");
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  tell("cgroup.procs", std::to_string(worker));
  tell("freezer.state", "FROZEN");
  const Outcome stop = site.ctl({"stop", "web"});
  CHECK(stop.exit == 1);
  CHECK(says(stop.err, "cannot be killed"));
  CHECK(proc::alive(worker));
  CHECK(site.state("web.1") == "unkillable");
  CHECK(answers(site));
  superd.program().signal(SIGTERM);
  CHECK(superd.program().wait(60s).has_value());
  CHECK(proc::alive(worker));
  tell("freezer.state", "THAWED");
  CHECK(wait_until(kSoon, [&] { return !proc::alive(worker); }));
  site.take_leftovers();
  ::rmdir(freezer.c_str());
}

}  // namespace superd::scenario
