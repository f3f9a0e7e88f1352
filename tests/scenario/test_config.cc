#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kBroken = R"(
[superd]
runtime_dir = "@DIR@/run"
log_levle = "info"

[group.web]
command = "sleep 1"
wokers = 4
listen = ["127.0.0.1:notaport"]

[group.web.stop]
signal = "TREM"
timeout = "soon"

[group.all]
command = ["sleep"]
)";

}  // namespace

TEST_CASE("check: every error at once, each with file, line and column", "[all]") {
  Site site(kBroken);
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 1);
  const std::string file = site.config();
  for (const char* place : {":4:1: ", ":8:1: ", ":9:", ":12:", ":13:", ":15:"}) {
    CHECK_THAT(check.err, Catch::Contains(file + place));
  }
  CHECK_THAT(check.err,
             Catch::Contains("log_level") && Catch::Contains("workers") && Catch::Contains("TERM"));
  CHECK(run({programs().superctl, "check", file}).exit == 1);
  const Outcome start = site.superd({});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains(file + ":8:1: "));
}

TEST_CASE("check: a good config is said to be good, and nothing is started", "[all]") {
  Site site("[group.web]\ncommand = [\"sleep\", \"100000\"]\n");
  CHECK(site.superd({"--check"}).exit == 0);
  CHECK(run({programs().superctl, "check", site.config()}).exit == 0);
  CHECK(::access(site.path("run").c_str(), F_OK) != 0);
}

TEST_CASE("check: a warning is told with its remedy, and is no error", "[root]") {
  Site site("[group.web]\ncommand = ['gunicorn', '--reload', 'app:app']\nlisten = [':8000']\n");
  for (const Outcome& check :
       {site.superd({"--check"}), run({programs().superctl, "check", site.config()})}) {
    CHECK(check.exit == 0);
    CHECK_THAT(check.out, Catch::Contains("ok, 1 group\nweb: runner gunicorn (the command runs"));
    CHECK_THAT(check.err, Catch::Contains(":24: warning: group.web.command: this restarts"));
  }
  const Outcome json = run({programs().superctl, "--json", "check", site.config()});
  CHECK_THAT(json.out, Catch::Contains(R"("runner":"gunicorn")") &&
                           Catch::Contains(R"("reload_signal":"HUP")"));
}

TEST_CASE(
    "check: a program that is not there is warned of, a file that everybody may write is root's "
    "error",
    "[root]") {
  Site site(
      "[[hook]]\non = ['worker.exited']\nrun = ['/no/such/hook']\n"
      "[group.web]\ncommand = ['no-such-program']\n[group.good]\ncommand = ['sleep', '1']\n");
  const auto checks = [&] {
    return std::vector{site.superd({"--check"}),
                       run({programs().superctl, "check", site.config()})};
  };
  for (const Outcome& check : checks()) {
    CHECK(check.exit == 0);
    CHECK_THAT(
        check.err,
        Catch::Contains(R"(group.web.command: there is no program "no-such-program" along PATH)"));
    CHECK_THAT(check.err, Catch::Contains(R"(hook: there is no program "/no/such/hook")"));
    CHECK(check.err.find("group.good") == std::string::npos);
  }
  ::chmod(site.config().c_str(), 0666);
  for (const Outcome& check : checks()) {
    CHECK(check.exit == 1);
    CHECK_THAT(check.err, Catch::Contains("everybody may write to this file"));
  }
}

TEST_CASE("check: a path that goes up behind a link is warned of", "[all]") {
  Site site(
      "[group.web]\ncommand = ['sleep', '1']\ndirectory = 'current'\nhold_file = '../deploying'\n"
      "[[group.web.trigger]]\npaths = ['../touched', 'app/../touched']\n");
  std::filesystem::create_directories(site.path("releases/1"));
  std::filesystem::create_directory_symlink("releases/1", site.path("current"));
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 0);
  CHECK_THAT(check.err,
             Catch::Contains("group.web.hold_file: ") &&
                 Catch::Contains("goes up from where the link " + site.path("current") + " leads"));
  CHECK_THAT(check.err, Catch::Contains(R"(group.web.trigger: "../touched" goes up)"));
  CHECK(check.err.find("app/../touched") == std::string::npos);
}

TEST_CASE("config: what is not built is an unknown key, not a promise", "[all]") {
  Site site("[group.web]\ncommand = [\"sleep\", \"1\"]\nsocket_shim = true\non_demand = true\n");
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 1);
  CHECK_THAT(check.err, Catch::Contains("socket_shim") && Catch::Contains("on_demand"));
}

TEST_CASE("config: groups may come from included files", "[all]") {
  Site site(R"(
include = ["conf.d/*.toml"]
[superd]
runtime_dir = "@DIR@/run"
log_dir     = "@DIR@/log"
)");
  REQUIRE(run({"mkdir", site.path("conf.d")}).exit == 0);
  site.write("conf.d/a.toml", "[group.a]\ncommand = [\"sleep\", \"100000\"]\n");
  site.write("conf.d/b.toml", "[group.b]\ncommand = [\"sleep\", \"100000\"]\n");
  const Superd superd(site);
  CHECK(site.reaches("a", "running"));
  CHECK(site.reaches("b", "running"));
}

TEST_CASE("config: a group of placeholders gets its numbers", "[all]") {
  Site site(R"(
[group.web]
command   = ["sh", "-c", "echo $0 > @DIR@/out.{worker}; exec sleep 100000", "{group} {worker} {generation} {port} {{x}}"]
workers   = 2
port_base = 9100
ready     = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  CHECK(wait_until(kSoon, [&] { return site.read("out.2") == "web 2 1 9101 {x}\n"; }));
}

}  // namespace superd::scenario
