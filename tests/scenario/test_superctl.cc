#include <csignal>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Groups that need nothing: one that is up, one that is stopped, one that cannot start, one whose
// worker does not leave on TERM.
constexpr const char* kNamedGroups = R"(
[group.up]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "10ms" }

[group.down]
command   = ["sleep", "100000"]
autostart = false
ready     = { when = "delay", delay = "10ms" }

[group.broken]
command   = ["@WORKER@", "say", "bad luck", "exit", "3"]
autostart = false
respawn   = { policy = "never" }

[group.deaf]
command   = ["@WORKER@", "deaf"]
autostart = false
ready     = { when = "delay", delay = "50ms" }
stop      = { timeout = "60s" }
)";

bool is_object(const nlohmann::json& document) { return document.is_object(); }

}  // namespace

TEST_CASE("superctl: exit codes tell a script what happened", "[all]") {
  Site site(kNamedGroups);
  CHECK(site.ctl({"status"}).exit == 5);
  Superd superd(site);
  REQUIRE(site.reaches("up", "running"));

  CHECK(site.ctl({"status"}).exit == 0);
  CHECK(site.ctl({"status", "up"}).exit == 0);
  CHECK(site.ctl({"status", "down"}).exit == 3);
  CHECK(site.ctl({"start", "nobody"}).exit == 4);
  CHECK(site.ctl({"start", "up.3"}).exit == 4);
  CHECK(site.ctl({"strat", "up"}).exit == 2);
  CHECK(site.ctl({"start"}).exit == 2);
  CHECK(site.ctl({"start", "broken"}).exit == 1);
  CHECK(site.ctl({"status"}).exit == 3);
  CHECK(site.ctl({"stop", "broken"}).exit == 0);
  CHECK(site.ctl({"status"}).exit == 0);
  CHECK(site.ctl({"start", "deaf"}).exit == 0);
  CHECK(site.ctl({"stop", "deaf", "--timeout", "200ms"}).exit == 7);
  CHECK(site.ctl({"wait", "down", "--for", "running", "--timeout", "100ms"}).exit == 7);
  CHECK(site.ctl({"wait", "up", "--for", "running"}).exit == 0);
  CHECK(site.ctl({"whose", "1"}).exit == 1);
  superd.end_at_once();
}

TEST_CASE("superctl: where the control socket may not be opened the exit code is 6", "[root]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  struct stat info {};
  const Outcome outcome =
      run({"/usr/bin/setpriv", "--reuid=65533", "--regid=65533", "--clear-groups",
           programs().superctl, "-s", site.control(), "status"});
  if (outcome.exit == 127) return;  // a checkout that the other user cannot reach
  CHECK(outcome.exit == 6);
  REQUIRE(::stat(site.control().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("superctl: with --json every command prints one document", "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("up", "running"));

  CHECK(is_object(site.json({"status"})));
  CHECK(is_object(site.json({"pids", "up"})));
  CHECK(is_object(site.json({"why", "up"})));
  CHECK(is_object(site.json({"start", "down"})));
  CHECK(is_object(site.json({"stop", "down"})));
  CHECK(is_object(site.json({"restart", "up"})));
  CHECK(is_object(site.json({"start", "broken"})));
  CHECK(is_object(site.json({"whose", std::to_string(site.main_pid("up.1"))})));
  CHECK(is_object(site.json({"ping"})));
  CHECK(is_object(site.json({"version"})));
  CHECK(is_object(site.json({"wait", "up", "--for", "running"})));
  CHECK(site.json({"start", "nobody"}).at("exit") == 4);
}

TEST_CASE("superctl: status has one line a group, and one line a worker of the named groups",
          "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("up", "running"));

  const std::string groups = site.ctl({"status"}).out;
  CHECK(groups.rfind("GROUP", 0) == 0);
  for (const char* word :
       {"STATE", "READY", "GEN", "UPTIME", "RESTARTS", "LISTEN", "2/2", "stopped"}) {
    CHECK_THAT(groups, Catch::Contains(word));
  }
  const std::string workers = site.ctl({"status", "up"}).out;
  CHECK(workers.rfind("WORKER", 0) == 0);
  for (const char* word : {"up.1", "up.2", "ready", "PROCS", "MEMORY", "DETAIL"}) {
    CHECK_THAT(workers, Catch::Contains(word));
  }
  CHECK_THAT(workers, Catch::Contains(std::to_string(site.main_pid("up.1"))));
}

TEST_CASE("superctl: start and stop wait until it is done, with --no-wait they give the id",
          "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("up", "running"));

  CHECK(site.ctl({"start", "down"}).exit == 0);
  CHECK(site.state("down") == "running");
  const pid_t pid = site.main_pid("down.1");
  CHECK(site.ctl({"stop", "down"}).exit == 0);
  CHECK(site.state("down") == "stopped");
  CHECK(!proc::alive(pid));

  const Outcome restart = site.ctl({"restart", "up", "--no-wait"});
  CHECK(restart.exit == 0);
  CHECK(std::stoi(restart.out) > 0);
  CHECK(wait_until(kSoon, [&] { return site.group("up").at("generation") == 2; }));
  CHECK(site.reaches("up", "running"));
}

TEST_CASE("superctl: one worker can be stopped, started and restarted alone", "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("up", "running"));
  const pid_t first = site.main_pid("up.1");
  const pid_t second = site.main_pid("up.2");

  CHECK(site.ctl({"stop", "up.2"}).exit == 0);
  CHECK(site.state("up.2") == "stopped");
  CHECK(!proc::alive(second));
  CHECK(site.ctl({"start", "up.2"}).exit == 0);
  CHECK(site.state("up.2") == "ready");
  CHECK(site.ctl({"restart", "up.1"}).exit == 0);
  CHECK(site.main_pid("up.1") != first);
  CHECK(!proc::alive(first));
}

TEST_CASE("superctl: signal reaches main processes, with --all the whole tree", "[all]") {
  Site site(R"(
[group.tree]
command = ["@WORKER@", "children", "3"]
ready   = { when = "delay", delay = "100ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("tree", "running"));
  const pid_t main = site.main_pid("tree.1");
  REQUIRE(wait_until(kSoon, [&] { return proc::children(main).size() == 3; }));
  const std::vector<pid_t> children = proc::children(main);

  CHECK(site.ctl({"signal", "STOP", "tree", "--all"}).exit == 0);
  CHECK(wait_until(kSoon,
                   [&] { return proc::state(main) == 'T' && proc::state(children.at(2)) == 'T'; }));
  CHECK(site.ctl({"signal", "CONT", "tree", "--all"}).exit == 0);
  CHECK(wait_until(kSoon,
                   [&] { return proc::state(main) == 'S' && proc::state(children.at(2)) == 'S'; }));
  CHECK(site.ctl({"signal", "STOP", "tree"}).exit == 0);
  CHECK(wait_until(kSoon, [&] { return proc::state(main) == 'T'; }));
  CHECK(proc::state(children.at(0)) == 'S');
  CHECK(site.ctl({"signal", "CONT", "tree"}).exit == 0);
  CHECK(site.ctl({"signal", "NOSUCH", "tree"}).exit == 2);
}

TEST_CASE("superctl: globs, all, and several names", "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("up", "running"));
  CHECK(site.ctl({"start", "d*n", "up"}).exit == 0);
  CHECK(site.state("down") == "running");
  CHECK(site.ctl({"pids", "up", "down", "--main"}).exit == 0);
  CHECK(site.main_pids("all").size() == 3);
  CHECK(site.ctl({"stop", "all"}).exit == 0);
  CHECK(site.state("up") == "stopped");
}

TEST_CASE("superctl: with --json one that ends early says how far it came", "[nocgroup]") {
  Site site(kNamedGroups);
  Superd superd(site);
  REQUIRE(site.ctl({"start", "deaf"}).exit == 0);
  const Outcome wait =
      site.ctl({"--json", "wait", "deaf", "up", "--for", "stopped", "--timeout", "300ms"});
  CHECK(wait.exit == 7);
  CHECK(wait.out ==
        R"({"states":[{"name":"deaf","state":"running"},{"name":"up","state":"running"}]})"
        "\n");

  Program stop({"sh", "-c",
                "exec " + programs().superctl + " -s " + site.control() + " --json stop deaf >" +
                    site.path("said")},
               {});
  REQUIRE(site.reaches("deaf", "stopping"));
  stop.signal(SIGINT);
  CHECK(stop.wait(kSoon) == 130);
  CHECK_THAT(site.read("said"), Catch::Contains(R"("result":"interrupted","group":"deaf")"));
  superd.end_at_once();
}

TEST_CASE("superctl: why tells the last transitions, their cause and how a process ended",
          "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  CHECK(site.ctl({"start", "broken"}).exit == 1);
  const Outcome why = site.ctl({"why", "broken"});
  CHECK(why.exit == 0);
  CHECK_THAT(why.out, Catch::Contains("broken.1") && Catch::Contains("status 3"));
  CHECK_THAT(why.out, Catch::Contains("command uid=" + std::to_string(::getuid())));
  CHECK_THAT(why.out, Catch::Contains("bad luck"));
}

TEST_CASE("superctl: ping and version speak of the running superd", "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  const Outcome ping = site.ctl({"ping"});
  CHECK(ping.exit == 0);
  CHECK_THAT(ping.out, Catch::Contains(std::to_string(superd.keeper())));
  CHECK(site.ctl({"version"}).exit == 0);
}

TEST_CASE("superctl: status --watch ends quietly when nobody reads it any more", "[all]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  const Outcome first = run(
      {"sh", "-c", programs().superctl + " -s " + site.control() + " status --watch | head -n 1"});
  CHECK(first.exit == 0);
  CHECK_THAT(first.out, Catch::StartsWith("GROUP"));
  CHECK(first.err.empty());
}

TEST_CASE(
    "superctl: where standard output is closed a command says so, and nothing else goes wrong",
    "[root]") {
  Site site(kNamedGroups);
  const Superd superd(site);
  for (const std::string command : {"status", "events", "pids all", "why up"}) {
    const Outcome closed =
        run({"sh", "-c", programs().superctl + " -s " + site.control() + " " + command + " >&-"});
    INFO(command);
    CHECK(closed.exit == 1);
    CHECK(closed.err == "superctl: cannot write the output: Bad file descriptor\n");
  }
}

}  // namespace superd::scenario
