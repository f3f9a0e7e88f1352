// Every cause of a roll and every kind of apply, one after the other, under a load that goes on.

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

int generation(const Site& site) { return site.group("web").at("generation").get<int>(); }

bool runs_at(const Site& site, int wanted) {
  return wait_until(120s, [&] {
    const nlohmann::json web = site.group("web");
    return web.at("state") == "running" && web.at("generation") == wanted;
  });
}

std::string shop(const std::string& more) {
  return config({.runner = Runner::gunicorn_gthread, .workers = 2, .more = more});
}

}  // namespace

TEST_CASE("causes: whatever starts a roll, it is one roll and no request fails", "[long]") {
  if (!installed(Runner::gunicorn_gthread)) skip("gunicorn is not installed");
  Site site(R"(
[superd]
runtime_dir = "@DIR@/run"
log_dir = "@DIR@/log"
[superd.signals]
"RTMIN+1" = "restart web"
[[hook]]
on  = ["*"]
run = ["sleep", "100000"]
)" + shop(R"(
hold_file = "@DIR@/deploy.lock"
[[group.web.trigger]]
paths = ["@DIR@/touch-me", "@DIR@/tree/", "@DIR@/conf/*.py", "@DIR@/current"]
settle = "100ms"
)"));
  const Releases releases(site);
  for (const char* name : {"tree", "conf"}) std::filesystem::create_directory(site.path(name));
  Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  const std::vector<std::pair<std::string, std::function<void()>>> causes = {
      {"trigger", [&] { site.write("touch-me", ""); }},
      {"trigger",
       [&] {
         std::filesystem::remove(site.path("touch-me"));
         site.write("touch-me", "");
       }},
      {"trigger", [&] { site.write("conf/new.py", "1"); }},
      {"trigger",
       [&] {
         std::filesystem::create_directories(site.path("tree/a/b"));
         site.write("tree/a/b/late.py", "1");
       }},
      {"trigger",
       [&] {
         site.write("draft", "2");
         std::filesystem::rename(site.path("draft"), site.path("tree/a/b/late.py"));
       }},
      {"trigger", [&] { releases.deploy("2"); }},
      {"signal RTMIN+1", [&] { superd.program().signal(SIGRTMIN + 1); }},
      {"command",
       [&] {
         REQUIRE(site.ctl({"restart", "web", "--no-wait"}).exit == 0);
       }},
      {"trigger",
       [&] {
         REQUIRE(site.ctl({"hold", "web"}).exit == 0);
         for (int i = 0; i < 20; ++i) site.write("tree/" + std::to_string(i), "x");
         CHECK(load.goes_on());
         REQUIRE(site.ctl({"release", "web"}).exit == 0);
       }},
      {"trigger",
       [&] {
         site.write("deploy.lock", "");
         for (int i = 0; i < 20; ++i) site.write("tree/" + std::to_string(i), "xx");
         CHECK(load.goes_on());
         std::filesystem::remove(site.path("deploy.lock"));
       }},
      {"config",
       [&] {
         change(site, "BYTECODE = \"1\"", "BYTECODE = \"1\", NEW = \"1\"");
         superd.program().signal(SIGHUP);
       }},
  };
  int rolls = 1;
  const auto rolls_once = [&](const std::string& cause, const std::function<void()>& act) {
    INFO(cause << " at generation " << rolls);
    act();
    ++rolls;
    REQUIRE(runs_at(site, rolls));
    CHECK(site.group("web").at("cause").get<std::string>().starts_with(cause));
  };
  for (const auto& [cause, act] : causes) rolls_once(cause, act);
  rolls_once("schedule", [&] {
    change(site, "hold_file =", "recycle = { schedule = \"* * * * *\" }\nhold_file =");
    REQUIRE(site.ctl({"apply"}).exit == 0);
    CHECK(generation(site) == rolls);
  });
  CHECK(load.goes_on());

  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(report.versions.count("2") == 1);
}

TEST_CASE("causes: whatever an apply finds, it does that alone and no request fails", "[long]") {
  if (!installed(Runner::gunicorn_gthread)) skip("gunicorn is not installed");
  Site site(shop(""));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  const auto applies = [&](int exit) {
    const Outcome applied = site.ctl({"apply", "--timeout", "240s"});
    INFO(applied.out << applied.err);
    CHECK(applied.exit == exit);
    CHECK(load.goes_on());
  };

  const std::vector<pid_t> two = site.main_pids("web");
  change(site, "workers   = 2", "workers   = 4");
  applies(0);
  const std::vector<pid_t> four = site.main_pids("web");
  REQUIRE(four.size() == 4);
  CHECK(std::vector<pid_t>(four.begin(), four.begin() + 2) == two);
  change(site, "workers   = 4", "workers   = 2");
  applies(0);
  CHECK(site.main_pids("web") == two);

  // What needs no new process.
  const std::string whole = site.read("superd.toml");
  site.write("superd.toml", whole + R"(
[[group.web.trigger]]
paths = ["touch-me"]
)" + "[group.other]\ncommand = [\"sleep\", \"100000\"]\n");
  applies(0);
  CHECK(site.main_pids("web") == two);
  CHECK(site.reaches("other", "running"));
  site.write("superd.toml", whole);
  applies(0);
  CHECK(site.main_pids("web") == two);
  CHECK(site.ctl({"status", "other"}).exit == 4);

  // What cannot be.
  site.write("superd.toml",
             whole + "[group.other]\ncommand = [\"true\"]\nuser = \"no-such-user\"\n");
  applies(1);
  site.write("superd.toml", whole + "[group.other]\ncommand = [\"true\"]\nlisten = [\"" +
                                site.address() + "\"]\n");
  applies(1);
  site.write("superd.toml", whole + "[group.web\n");
  applies(1);
  CHECK(site.main_pids("web") == two);
  CHECK(site.ctl({"status", "other"}).exit == 4);

  // A roll that fails, and the rest.
  site.write("superd.toml", whole + "[group.other]\ncommand = [\"sleep\", \"100000\"]\n");
  change(site, "shop:wsgi", "shop:no_such_name");
  applies(1);
  CHECK(site.main_pids("web") == two);
  CHECK(site.reaches("other", "running"));

  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

}  // namespace superd::scenario
