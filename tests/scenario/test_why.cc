#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// A group for each thing that somebody is woken by, or asks about.
constexpr const char* kStories = R"(
[group.looping]
command   = ["@WORKER@", "say", "bad luck", "exit", "3"]
autostart = false
respawn   = { backoff = { min = "60s", max = "60s", jitter = 0.0 } }

[group.lost]
command   = ["@WORKER@", "say", "no such table", "exit", "4"]
autostart = false
respawn   = { give_up = { failures = 1, within = "60s" } }

[group.well]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "10ms" }

[group.asleep]
command   = ["sleep", "100000"]
listen    = ["@ADDRESS@"]
on_demand = true
ready     = { when = "delay", delay = "10ms" }

[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "60s" }

[group.unwanted]
command   = ["sleep", "100000"]
autostart = false
)";

std::string why(const Site& site, const std::string& name) {
  const Outcome outcome = site.ctl({"why", name});
  CHECK(outcome.exit == 0);
  return outcome.out;
}

// A cgroup (v1) in which memory runs out early; gone with the object.
class SmallMemory {
 public:
  SmallMemory() : path_("/sys/fs/cgroup/memory/superd-test-" + std::to_string(::getpid())) {
    std::error_code failed;
    if (!std::filesystem::create_directory(path_, failed)) return;
    std::ofstream(path_ + "/memory.limit_in_bytes") << (16 << 20) << std::endl;
    std::ofstream(path_ + "/memory.swappiness") << 0 << std::endl;
    exists_ = true;
  }
  ~SmallMemory() {
    if (exists_) ::rmdir(path_.c_str());
  }
  SmallMemory(const SmallMemory&) = delete;
  SmallMemory& operator=(const SmallMemory&) = delete;

  [[nodiscard]] bool exists() const { return exists_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool exists_ = false;
};

}  // namespace

TEST_CASE("why: the story of one name says its state, since when, why, and what comes next",
          "[nocgroup]") {
  Site site(kStories);
  Superd superd(site);
  REQUIRE(site.reaches("well", "running"));
  const std::string asker = "by command uid=" + std::to_string(::getuid()) + " pid=";

  CHECK(site.ctl({"start", "looping", "lost"}).exit == 1);
  REQUIRE(site.reaches("looping.1", "backoff"));
  REQUIRE(site.reaches("lost.1", "failed"));
  CHECK_THAT(why(site, "looping.1"),
             Catch::Contains("looping.1 is backoff since 2") &&
                 Catch::Contains(": its process exited with status 3 before it was ready\n") &&
                 Catch::Contains("  next: respawn in ") && Catch::Contains("    bad luck\n"));
  CHECK_THAT(why(site, "lost"),
             Catch::Contains("lost is failed since 2") &&
                 Catch::Contains("its process exited with status 4 before it was ready; given up "
                                 "after 1 failures within 60s\n") &&
                 Catch::Contains("  next: nothing by itself; superctl start lost starts it\n") &&
                 Catch::Contains("    no such table\n"));

  CHECK(site.ctl({"stop", "well.2"}).exit == 0);
  CHECK_THAT(why(site, "well.2"), Catch::Contains("well.2 is stopped since 2") &&
                                      Catch::Contains(asker) && Catch::Contains(" (") &&
                                      Catch::Contains("superctl start well.2 starts it"));
  CHECK_THAT(why(site, "unwanted"),
             Catch::Contains("unwanted is stopped: it was not started since superd began\n"));
  CHECK_THAT(why(site, "asleep"),
             Catch::Contains("asleep is waiting since 2") &&
                 Catch::Contains("  next: the next connection starts its workers\n"));
  CHECK(site.ctl({"hold", "asleep"}).exit == 0);
  CHECK_THAT(why(site, "asleep"), Catch::Contains("  held by command uid="));
  const Outcome unknown = site.ctl({"why", "loping"});
  CHECK(unknown.exit == 4);
  CHECK_THAT(unknown.err, Catch::Contains("did you mean") && Catch::Contains("looping"));
  superd.end_at_once();
}

TEST_CASE("why: an old process that does not leave is told, and a killed superd forgets nothing",
          "[nocgroup]") {
  Site site(kStories);
  Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  CHECK(site.ctl({"start", "looping"}).exit == 1);
  const pid_t old = site.main_pid("deaf.1");
  CHECK(site.ctl({"restart", "deaf", "--no-wait"}).exit == 0);
  const std::string draining =
      "  old process " + std::to_string(old) + " of generation 1 still finishes";
  CHECK(wait_until(kSoon, [&] { return why(site, "deaf.1").find(draining) != std::string::npos; }));
  CHECK_THAT(why(site, "deaf.1"),
             Catch::Contains("deaf.1 is ready since 2") && Catch::Contains("to end (at most "));

  REQUIRE(superd.kill_supervisor());
  CHECK_THAT(
      why(site, "deaf.1"),
      Catch::Contains(draining) &&
          Catch::Contains("process " + std::to_string(old) + " was started, generation 1 ") &&
          Catch::Contains("superd: a new supervisor took the place of one that ended\n"));
  CHECK_THAT(why(site, "looping.1"),
             Catch::Contains("looping.1 is backoff since 2") &&
                 Catch::Contains("its process exited with status 3 before it was ready\n") &&
                 Catch::Contains("  next: respawn in ") && Catch::Contains("bad luck"));
  ::kill(old, SIGKILL);
  superd.end_at_once();
}

TEST_CASE("why: a worker that ran out of memory is said to be killed by the kernel", "[root]") {
  const SmallMemory memory;
  if (!memory.exists()) skip("no memory cgroup (v1) can be made");
  Site site(R"(
[group.greedy]
command   = ["sh", "-c", "echo $$ >)" +
            memory.path() + R"(/cgroup.procs; exec tail /dev/zero"]
autostart = false
respawn   = { policy = "never" }
)");
  const Superd superd(site);
  CHECK(site.ctl({"start", "greedy"}).exit == 1);
  CHECK_THAT(why(site, "greedy"),
             Catch::Contains("its process was killed by signal 9 (KILL), probably by the kernel's "
                             "OOM killer"));
}

}  // namespace superd::scenario
