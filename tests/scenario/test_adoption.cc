#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kServing = R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "50ms" }
)";

// The file that the supervisor has open.
std::string journal_of(const Superd& superd) {
  for (const auto& entry : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(superd.supervisor()) + "/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.find("/journal") != std::string::npos) return target;
  }
  return "";
}

// How often an event told that a process was made.
int processes_told(Site& site) {
  const std::string events = site.ctl({"events"}).out;
  int count = 0;
  for (auto at = events.find("worker.spawned"); at != std::string::npos;
       at = events.find("worker.spawned", at + 1)) {
    ++count;
  }
  return count;
}

// Of the roll that `why` tells.
std::uint64_t last_roll(Site& site) {
  return site.json({"why", "web"}).at("why").at(0).at("roll").at("id").get<std::uint64_t>();
}

// Like a power cut for superd alone: keeper, supervisor and logger.
void kill_all(Superd& superd) {
  const pid_t supervisor = superd.supervisor();
  const pid_t logger = superd.logger();
  superd.program().signal(SIGKILL);
  ::kill(supervisor, SIGKILL);
  ::kill(logger, SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return !proc::alive(supervisor) && !proc::alive(logger); }));
}

}  // namespace

TEST_CASE("a supervisor that is killed is followed by one that goes on with the same workers",
          "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  ::kill(site.main_pid("web.2"), SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return site.worker("web.2").at("restarts") == 1; }));
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  const auto before = site.group("web");
  const std::vector<pid_t> pids = site.main_pids("web");
  const int made = processes_told(site);

  REQUIRE(superd.kill_supervisor());

  CHECK(processes_told(site) == made);
  const auto after = site.group("web");
  CHECK(site.main_pids("web") == pids);
  CHECK(after.at("generation") == 2);
  for (const char* field : {"name", "state", "pid", "generation", "since", "restarts"}) {
    CHECK(after.at("workers").at(1).at(field) == before.at("workers").at(1).at(field));
  }
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
  CHECK_THAT(superd.log(), Catch::Contains("goes on with 2 workers"));
  // And has them in its hands: they are respawned, replaced and stopped as before.
  ::kill(pids.front(), SIGKILL);
  CHECK(wait_until(
      kSoon, [&] { return site.state("web") == "running" && site.main_pids("web") != pids; }));
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.group("web").at("generation") == 3);
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.pids("web").empty());
  CHECK(proc::zombies_below(superd.keeper()).empty());
}

TEST_CASE("how a worker ended while no supervisor ran is known to the next one", "[all]") {
  Site site(R"(
[group.job]
command = ["/bin/sh", "-c", "while [ ! -e @DIR@/go ]; do sleep 0.02; done; exit 7"]
ready   = { when = "delay", delay = "50ms" }
respawn = { policy = "never" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("job", "running"));
  const pid_t worker = site.main_pid("job.1");
  // A supervisor that stands still sees nothing any more.
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGSTOP);
  site.write("go", "");
  REQUIRE(wait_until(kSoon, [&] { return proc::state(worker) == 'Z'; }));
  ::kill(supervisor, SIGKILL);

  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("job.1", "failed"));
  CHECK(site.worker("job.1").at("exit").at("code") == 7);
}

TEST_CASE("a roll that was under way when the supervisor was killed is finished by the next one",
          "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 3
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "700ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> old = site.main_pids("web");
  const std::uint64_t id = begin_restart(site);
  REQUIRE(wait_until(kSoon, [&] { return roll(site, id).at("replaced") == 1; }));

  REQUIRE(superd.kill_supervisor());

  const auto end = await_end(site, id);
  CHECK(end.at("result") == "done");
  CHECK(end.at("replaced") == 3);
  CHECK(site.group("web").at("generation") == 2);
  CHECK(site.state("web") == "running");
  for (const pid_t pid : old) CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
  CHECK(site.main_pids("web").size() == 3);
  CHECK(proc::zombies_below(superd.keeper()).empty());
}

TEST_CASE("a stop and a pause before a respawn outlive the supervisor that began them", "[all]") {
  Site site(R"(
[group.deaf]
command = ["@WORKER@", "deaf"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "3s" }

[group.crash]
command = ["/bin/sh", "-c", "exit 3"]
respawn = { backoff = { min = "2s", jitter = 0.0 } }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("deaf", "running"));
  REQUIRE(site.reaches("crash.1", "backoff"));
  const pid_t deaf = site.main_pid("deaf.1");
  REQUIRE(site.ctl({"stop", "deaf", "--no-wait"}).exit == 0);
  REQUIRE(site.reaches("deaf", "stopping"));

  REQUIRE(superd.kill_supervisor());

  CHECK(site.reaches("deaf", "stopped"));
  CHECK_FALSE(proc::alive(deaf));
  CHECK(wait_until(kSoon, [&] { return site.worker("crash.1").at("restarts") >= 1; }));
}

TEST_CASE("output goes on where it stopped when the supervisor is killed", "[all]") {
  Site site(R"(
[group.clock]
command = ["@WORKER@", "tick"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("clock", "running"));
  const auto lines = [&] { return site.read("log/clock.1.log"); };
  REQUIRE(wait_until(kSoon, [&] { return lines().find("tick 5\n") != std::string::npos; }));
  REQUIRE(superd.kill_supervisor());
  REQUIRE(wait_until(kSoon, [&] { return lines().find("tick 25\n") != std::string::npos; }));
  const std::string text = lines();
  for (int tick = 1; tick <= 25; ++tick) {
    const std::string line = " tick " + std::to_string(tick) + "\n";
    INFO(line);
    const std::size_t first = text.find(line);
    CHECK(first != std::string::npos);
    CHECK(text.find(line, first + 1) == std::string::npos);
  }
}

TEST_CASE("what is spoiled in the journal costs no worker", "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");
  std::ofstream(journal_of(superd), std::ios::app | std::ios::binary)
      << "deadbeef 12 +group/web {}\n"
      << std::string(1000, '\0') << "\nhalf a li";

  REQUIRE(superd.kill_supervisor());

  CHECK(site.main_pids("web") == pids);
  CHECK(site.state("web") == "running");
  CHECK_THAT(superd.log(), Catch::Contains("torn or spoiled"));
}

TEST_CASE("a part of the journal that is lost costs no worker", "[all]") {
  const std::string key = GENERATE(as<std::string>(), "+group/web", "+worker/web.2", "+order",
                                   "+recipe/web", "+process/", "+spec/");
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");
  {
    std::fstream journal(journal_of(superd), std::ios::in | std::ios::out | std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(journal), {});
    journal.clear();
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
      journal.seekp(static_cast<std::streamoff>(at));
      journal.put('x');
    }
  }

  REQUIRE(superd.kill_supervisor());

  INFO(key);
  CHECK(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  // Its recipe is known, or is made anew.
  ::kill(pids.front(), SIGKILL);
  CHECK(wait_until(kSoon, [&] {
    return site.state("web") == "running" && site.main_pids("web").front() != pids.front();
  }));
}

TEST_CASE("what was stopped stays so, also when the supervisor is killed twice", "[all]") {
  Site site(kServing + std::string(R"(
[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "50ms" }
)"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("other", "running"));
  REQUIRE(site.ctl({"stop", "web.2", "other"}).exit == 0);
  // A third time within ten seconds sets the journal aside.
  for (int i = 0; i < 2; ++i) {
    REQUIRE(superd.kill_supervisor());
    CHECK(site.state("web.2") == "stopped");
    CHECK(site.state("other") == "stopped");
    CHECK(site.state("web.1") == "ready");
  }
}

TEST_CASE("without a journal that can be written the application goes on, and superd says so",
          "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  // Its place is taken by a directory that is not empty.
  ::unlink(site.path("run/journal").c_str());
  ::mkdir(site.path("run/journal").c_str(), 0700);
  site.write("run/journal/x", "");
  REQUIRE(superd.kill_supervisor());
  CHECK(site.reaches("web", "running"));
  CHECK_THAT(superd.log(), Catch::Contains("journal"));
  CHECK(site.ctl({"restart", "web"}).exit == 0);
}

TEST_CASE("a superd that is killed whole is followed by one that goes on with the same workers",
          "[all]") {
  Site site(kServing);
  std::vector<pid_t> pids;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    pids = site.main_pids("web");
    kill_all(superd);
    for (const pid_t pid : pids) CHECK(proc::alive(pid));
  }
  // The workers still serve.
  CHECK(get(site.address(), "/pid").status == 200);
  Superd again(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
  // With the sockets in its hands.
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
  for (const pid_t pid : pids) CHECK(wait_until(kSoon, [&] { return !proc::alive(pid); }));
  CHECK(again.end() == 0);
}

TEST_CASE("a superd that goes on for one that was killed whole gives no id again, and can detach",
          "[all]") {
  Site site(kServing);
  std::uint64_t before = 0;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    for (int i = 0; i < 2; ++i) REQUIRE(site.ctl({"restart", "web"}).exit == 0);
    before = last_roll(site);
    kill_all(superd);
  }
  // It does not return before it is ready, and then at once.
  CHECK(site.superd({"--detach"}).exit == 0);
  REQUIRE(site.reaches("web", "running"));
  CHECK(last_roll(site) == before);
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(last_roll(site) > before);
  CHECK(last_roll(site) < before + 1000);
  CHECK(site.ctl({"shutdown"}).exit == 0);
}

TEST_CASE("after superd was killed whole its workers are known without a journal, too", "[all]") {
  Site site(kServing);
  std::vector<pid_t> pids;
  std::string journal;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    pids = site.main_pids("web");
    journal = journal_of(superd);
    kill_all(superd);
  }
  bool spoiled = true;
  SECTION("lost at once") {
    std::filesystem::remove(journal);
    spoiled = false;
  }
  SECTION("spoiled") { std::filesystem::resize_file(journal, 10); }
  SECTION("no journal") { std::ofstream(journal) << "What is this?\n"; }
  Superd again(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK((again.log().find("it is spoiled, or of another superd") != std::string::npos) == spoiled);
  CHECK_THAT(again.log(), Catch::Contains("superctl restart web makes them all alike"));
  // Nobody knows what they were started by: what starts now is another generation.
  CHECK(site.group("web").at("generation") == 2);
  CHECK(site.worker("web.1").at("generation") == 1);
  ::kill(pids.front(), SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return site.worker("web.1").at("generation") == 2; }));
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.worker("web.2").at("generation") == 1);
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.worker("web.2").at("generation") == 3);
}

TEST_CASE("after its supervisors died too often superd goes on with what the processes prove",
          "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.main_pids("web");

  for (int i = 0; i < 3; ++i) REQUIRE(superd.kill_supervisor());

  REQUIRE(site.reaches("web", "running"));
  CHECK(site.main_pids("web") == pids);
  CHECK(get(site.address(), "/pid").status == 200);
}

TEST_CASE("a superd that is started again goes by its config file, with the workers that live on",
          "[all]") {
  Site site(kServing);
  std::vector<pid_t> pids;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    pids = site.main_pids("web");
    kill_all(superd);
  }
  std::string config = site.read("superd.toml");
  config.replace(config.find("workers = 2"), 11, "workers = 3");
  site.write("superd.toml", config);

  const Superd again(site);

  CHECK(wait_until(kSoon, [&] { return site.main_pids("web").size() == 3; }));
  CHECK(site.reaches("web", "running"));
  const std::vector<pid_t> now = site.main_pids("web");
  CHECK(std::includes(now.begin(), now.end(), pids.begin(), pids.end()));
}

}  // namespace superd::scenario
