#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

// Two groups of a program that does nothing; a test changes the text and writes it again.
constexpr const char* kTwoGroups = R"(
[group.a]
command = ["sleep", "100000"]
workers = 2
ready = { when = "delay", delay = "0s" }

[group.b]
command = ["sleep", "100000"]
ready = { when = "delay", delay = "0s" }
)";

// A loopback address that somebody listens on as long as the descriptor is open.
UniqueFd take_address(std::string& address) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof any;
  auto* raw = reinterpret_cast<sockaddr*>(&any);
  REQUIRE(::bind(fd.get(), raw, size) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  REQUIRE(::getsockname(fd.get(), raw, &size) == 0);
  address = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
  return fd;
}

}  // namespace

TEST_CASE("apply: a changed number of workers touches no other", "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const std::vector<pid_t> before = site.main_pids("a");
  change(site, "workers = 2", "workers = 4");

  const Outcome dry = site.ctl({"apply", "--dry-run"});
  CHECK(dry.exit == 0);
  CHECK(dry.out == "a: workers 2 -> 4\n");
  CHECK(site.main_pids("a") == before);

  const Outcome grown = site.ctl({"apply"});
  CHECK(grown.exit == 0);
  CHECK(grown.out == "a: workers 2 -> 4\n");
  const std::vector<pid_t> four = site.main_pids("a");
  REQUIRE(four.size() == 4);
  CHECK(std::vector<pid_t>(four.begin(), four.begin() + 2) == before);

  change(site, "workers = 4", "workers = 1");
  CHECK(site.ctl({"apply"}).exit == 0);
  CHECK(site.main_pids("a") == std::vector<pid_t>{before.front()});
  CHECK(site.ctl({"status", "a.3"}).exit == 4);
  CHECK(site.ctl({"apply"}).out == "nothing differs\n");
}

TEST_CASE("apply: a removed group stops, a new one starts, the others are not touched", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const std::vector<pid_t> before = site.main_pids("a");
  change(site, "[group.b]", "[group.c]");
  const Outcome applied = site.ctl({"apply"});
  CHECK(applied.exit == 0);
  CHECK(applied.out == "c: new: starts 1 worker\nb: removed: stops\n");
  CHECK(site.state("c") == "running");
  CHECK(site.ctl({"status", "b"}).exit == 4);
  CHECK(site.main_pids("a") == before);
}

TEST_CASE("apply: a config with errors changes nothing, and all of them are told", "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const std::vector<pid_t> before = site.pids("a");
  change(site, "workers = 2", "workerz = 3\nuser = \"nobody-has-this-name\"");
  const Outcome refused = site.ctl({"apply"});
  CHECK(refused.exit == 1);
  CHECK(refused.err.find("superd.toml:") != std::string::npos);
  CHECK(refused.err.find("did you mean") != std::string::npos);
  CHECK(refused.err.find("nobody-has-this-name") != std::string::npos);
  CHECK(refused.err.find("nothing was changed") != std::string::npos);
  CHECK(site.pids("a") == before);
  CHECK(site.json({"apply"}).at("errors").size() == 2);
}

TEST_CASE("apply: a group whose address is taken is refused, and nothing else is changed",
          "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  std::string address;
  const UniqueFd taken = take_address(address);
  change(site, "workers = 2", "workers = 3\nlisten = [\"" + address + "\"]");
  const std::string text = site.read("superd.toml");
  const std::string before = text.substr(0, text.find("[group.a]"));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const Outcome refused = site.ctl({"apply"});
  CHECK(refused.exit == 1);
  CHECK(refused.err.find(address + " is in use") != std::string::npos);
  CHECK(refused.err.find("superd.toml:" + std::to_string(line)) != std::string::npos);
  CHECK(refused.err.find("group.a.listen: ") != std::string::npos);
  CHECK(site.main_pids("a").size() == 2);
  CHECK(site.ctl({"apply", "--dry-run"}).out.find("a: workers 2 -> 3") != std::string::npos);
}

TEST_CASE("apply: a changed recipe is rolled, and no request fails", "[root]") {
  Site site(config({.workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.main_pids("web");
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  change(site, "BYTECODE = \"1\"", "BYTECODE = \"1\", RELEASE = \"two\"");
  const Outcome applied = site.ctl({"apply", "--timeout", "240s"});
  CHECK(applied.exit == 0);
  CHECK(applied.out == "web: env: every process is replaced by a roll\n");
  REQUIRE(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  for (const pid_t pid : site.main_pids("web")) {
    CHECK(std::find(before.begin(), before.end(), pid) == before.end());
  }
  CHECK(site.group("web").at("cause") == "config");
}

TEST_CASE("apply: a group whose roll fails keeps its recipe, and the rest is applied", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  REQUIRE(site.reaches("b", "running"));
  const std::vector<pid_t> before = site.main_pids("b");
  change(site, "workers = 2", "workers = 3");
  change(site, "[group.b]\ncommand = [\"sleep\", \"100000\"]",
         "[group.c]\ncommand = [\"/no/such/other\"]\n"
         "[group.b]\ncommand = [\"/no/such/program\"]");
  const Outcome applied = site.ctl({"apply"});
  CHECK(applied.exit == 1);
  CHECK_THAT(applied.err, Catch::Contains("b: b.1 exec /no/such/program: No such file") &&
                              Catch::Contains("in force; it keeps its configuration"));
  CHECK_THAT(applied.err, Catch::Contains("c: c.1 exec /no/such/other: No such file") &&
                              Catch::Contains("; it is there all the same"));
  const std::string events = site.ctl({"events"}).out;
  CHECK(events.find("config.applied") == std::string::npos);
  CHECK(events.find("config.rejected") != std::string::npos);
  CHECK(site.main_pids("a").size() == 3);
  CHECK(site.main_pids("b") == before);
  CHECK(site.ctl({"apply", "--dry-run"}).out ==
        "b: command: every process is replaced by a roll\n");
}

TEST_CASE("apply: a signal HUP to superd is an apply", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  change(site, "workers = 2", "workers = 3");
  ::kill(superd.keeper(), SIGHUP);
  CHECK(wait_until(kSoon, [&] { return site.main_pids("a").size() == 3; }));
}

TEST_CASE("apply: a stop timeout counts at once, and no process is replaced", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const std::vector<pid_t> before = site.main_pids("a");
  change(site, "workers = 2", "workers = 2\nstop = { timeout = \"7s\" }");
  CHECK(site.ctl({"apply"}).out == "a: stop: counts from now on, no process is replaced\n");
  CHECK(site.main_pids("a") == before);
}

TEST_CASE("apply: the mode of a unix socket counts at once, and no process is replaced", "[root]") {
  Site site(
      "[group.a]\ncommand = [\"sleep\", \"100000\"]\n"
      "listen = [{ address = \"unix:@DIR@/a.sock\", mode = \"0666\" }]\n"
      "ready = { when = \"delay\", delay = \"0s\" }\n");
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const std::vector<pid_t> before = site.main_pids("a");
  change(site, "0666", "0600");
  CHECK(site.ctl({"apply"}).exit == 0);
  struct stat found {};
  REQUIRE(::stat(site.path("a.sock").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(site.main_pids("a") == before);
}

TEST_CASE("apply: who waits for what is removed is told so, and superd goes on", "[root]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("a", "running"));
  const pid_t supervisor = superd.supervisor();
  const std::string control = "unix:" + site.control();
  Get group(control, "/v1/groups/b?until=failed");
  Get worker(control, "/v1/workers/a.2?until=failed");
  change(site, "workers = 2", "workers = 1");
  change(site, "[group.b]", "[group.c]");
  CHECK(site.ctl({"apply"}).exit == 0);
  CHECK(group.reply().status == 404);
  CHECK(worker.reply().status == 404);
  CHECK(superd.supervisor() == supervisor);
}

}  // namespace superd::scenario
