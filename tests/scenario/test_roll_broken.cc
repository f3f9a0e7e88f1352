#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/private_users.h"

namespace superd::scenario {
namespace {

// Restarts under load and expects the restart to fail, the site to go on and no request to fail;
// what superctl says of it.
std::string fail_under_load(const Site& site) {
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  const Outcome restart = restart_web(site);
  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  INFO(restart.err);
  CHECK(restart.exit == 1);
  CHECK(report.failed.empty());
  return restart.err;
}

// The processes from before serve on by generation 1, and come back by it.
void check_nothing_changed(const Site& site, const std::vector<pid_t>& before) {
  CHECK(site.state("web") == "running");
  CHECK(site.pids("web") == before);
  CHECK(site.group("web").at("generation") == 1);
  const pid_t killed = site.main_pid("web.1");
  ::kill(killed, SIGKILL);
  CHECK(wait_until(kSoon, [&] {
    const nlohmann::json worker = site.worker("web.1");
    return worker.at("state") == "ready" && worker.at("pid") != killed;
  }));
  CHECK(site.worker("web.1").at("generation") == 1);
}

// Asks until every worker has answered; whether all of them are of that version.
bool all_serve(const Site& site, const std::string& version, int workers) {
  Load load({.addresses = {site.address()}, .per_second = 200, .slow_every = 0});
  return wait_until(
             60s, [&] { return load.report().pids.size() >= static_cast<std::size_t>(workers); }) &&
         load.report().versions.size() == 1 && load.report().versions.count(version) == 1;
}

// A good release after it makes the generation after the burnt one.
void check_next_deploy_works(const Site& site, const Releases& releases) {
  releases.deploy("mended");
  CHECK(restart_web(site).exit == 0);
  CHECK(site.group("web").at("generation") == 3);
  CHECK(all_serve(site, "mended", 2));
}

Shop shop(const std::string& more = "") {
  // One process a worker serves, so that a look at who answers sees all.
  return {.runner = Runner::gunicorn_gthread, .workers = 2, .more = more};
}

}  // namespace

TEST_CASE("broken deploy: an import error changes nothing, and its last lines are told", "[all]") {
  Site site(config(shop()));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");
  releases.deploy("2", "import-fails users");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("exited with status 3"));
  CHECK_THAT(err, Catch::Contains("RuntimeError: no such table: users"));
  CHECK_THAT(site.ctl({"why", "web"}).out,
             Catch::Contains("rolled back: ") && Catch::Contains("no such table: users"));
  check_nothing_changed(site, before);
  // `current` points to the broken release; what is respawned stays in its own.
  CHECK(all_serve(site, "1", 2));
  check_next_deploy_works(site, releases);
}

TEST_CASE("broken deploy: every runner ends when the import fails, and the old one serves on",
          "[full]") {
  const Runner runner = GENERATE(Runner::gunicorn_preload, Runner::uwsgi, Runner::uvicorn);
  if (!installed(runner)) skip(std::string(name(runner)) + " is not installed");
  CAPTURE(name(runner));
  Site site(config({.runner = runner, .workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.main_pids("web");
  releases.deploy("2", "import-fails users");

  const std::string err = fail_under_load(site);

  const std::string status = runner == Runner::uwsgi ? "status 22" : "status 1";
  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("exited with " + status));
  CHECK_THAT(err, Catch::Contains("no such table: users"));
  CHECK(site.state("web") == "running");
  CHECK(site.main_pids("web") == before);
}

TEST_CASE("broken deploy: an import that hangs is given up at the ready timeout", "[full]") {
  Site site(config(shop("ready = { timeout = \"3s\" }\nstop = { timeout = \"3s\" }\n")));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");
  releases.deploy("2", "import-waits-for @DIR@/never");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("not ready"));
  CHECK_THAT(err, Catch::Contains("waiting for"));
  check_nothing_changed(site, before);
}

TEST_CASE("broken deploy: a crash in the soak time is a failure of the deploy", "[full]") {
  Site site(config(
      {.runner = Runner::gunicorn_preload, .workers = 2, .more = "ready = { soak = \"4s\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");
  releases.deploy("2", "dies-after 2 42");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("exited with status 42"));
  CHECK_THAT(err, Catch::Contains("the shop burns down"));
  check_nothing_changed(site, before);
}

TEST_CASE("broken deploy: a release without its program", "[full]") {
  Site site(R"(
[group.web]
command   = ["bin/serve"]
workers   = 2
listen    = ["@ADDRESS@"]
directory = "@DIR@/current"
env       = { PYTHONDONTWRITEBYTECODE = "1" }
)");
  const Releases releases(site);
  std::filesystem::create_directory(site.path("releases/1/bin"));
  site.write("releases/1/bin/serve",
             "#!/bin/sh\nexec /usr/bin/gunicorn -k gthread --threads 4 shop:wsgi\n");
  std::filesystem::permissions(site.path("releases/1/bin/serve"), std::filesystem::perms(0755));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");
  releases.deploy("2");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err,
             Catch::Contains("web.1: ") && Catch::Contains("bin/serve: No such file or directory"));
  check_nothing_changed(site, before);
}

TEST_CASE("broken deploy: the env_file is gone", "[all]") {
  Site site(config(shop("env_file = \"@DIR@/shop.env\"\n")));
  const Releases releases(site);
  site.write("shop.env", "SHOP=open\n");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");
  std::filesystem::remove(site.path("shop.env"));

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains(site.path("shop.env")));
  check_nothing_changed(site, before);
}

TEST_CASE("broken deploy: the user of the group is not known any more", "[root][nocgroup]") {
  const PrivateUsers users;
  users.add("shopkeeper", 64901);
  Site site(config(shop("user = \"shopkeeper\"\n")));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  CHECK(proc::status(site.main_pid("web.1"), "Uid") == "64901\t64901\t64901\t64901");
  const std::vector<pid_t> before = site.pids("web");
  users.remove("shopkeeper");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("shopkeeper"));
  check_nothing_changed(site, before);
}

TEST_CASE("broken deploy: workers replaced before the failure go back to the old release",
          "[root][nocgroup-long][user-long]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 4}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t first = site.main_pid("web.1");
  const std::vector<pid_t> others = {site.main_pid("web.2"), site.main_pid("web.3"),
                                     site.main_pid("web.4")};
  releases.deploy("2", "import-fails-in web.2");
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  const nlohmann::json failed = await_end(site, begin_restart(site));

  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  INFO(failed.dump(1));
  CHECK(report.failed.empty());
  CHECK(failed.at("state") == "aborted");
  CHECK(failed.at("result") == "rolled-back");
  const std::vector<std::string> order = steps(failed);
  CHECK(in_order(order, "web.1 ready", "web.2 failed"));
  CHECK(in_order(order, "web.2 failed", "web.1 returned"));
  CHECK(site.main_pid("web.1") != first);
  CHECK(std::vector<pid_t>{site.main_pid("web.2"), site.main_pid("web.3"),
                           site.main_pid("web.4")} == others);
  for (const char* worker : {"web.1", "web.2", "web.3", "web.4"}) {
    CHECK(site.worker(worker).at("generation") == 1);
  }
  CHECK(site.group("web").at("generation") == 1);
  CHECK(all_serve(site, "1", 4));
}

TEST_CASE("broken deploy: in place there is no way back, and the result says mixed", "[all]") {
  // The old release is not there any more: the first worker stays on the new one.
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .workers = 4,
                    .more = "",
                    .directory = "@DIR@/releases/1"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  releases.make("1", "import-fails-in web.2");
  site.write("releases/1/VERSION", "in-place");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.2: ") && Catch::Contains("no such table: web.2"));
  CHECK_THAT(err, Catch::Contains("mixed"));
  CHECK_THAT(site.ctl({"why", "web"}).out,
             Catch::Contains("  its workers are mixed: generation 1 (in force): web.") &&
                 Catch::Contains("; generation 2: web.1\n"));
  CHECK(site.state("web") == "running");
  Load load({.addresses = {site.address()}, .per_second = 200, .slow_every = 0});
  CHECK(wait_until(60s, [&] { return load.report().pids.size() == 4; }));
  const LoadReport report = load.stop();
  CHECK(report.versions.count("in-place") == 1);
  CHECK(report.versions.count("1") == 1);
}

TEST_CASE("broken deploy: where the old release does not start either, what serves stays",
          "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 4}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  releases.make("1", "import-fails history");
  releases.deploy("2", "import-fails-in web.2");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.2: ") && Catch::Contains("mixed"));
  CHECK(site.state("web") == "running");
  CHECK(site.worker("web.1").at("generation") == 2);
  CHECK(site.worker("web.2").at("generation") == 1);
}

TEST_CASE("broken deploy: with on_failure = \"hold\" the roll stops where it is", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .workers = 4,
                    .more = "roll = { on_failure = \"hold\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t third = site.main_pid("web.3");
  releases.deploy("2", "import-fails-in web.2");

  const std::string err = fail_under_load(site);

  CHECK_THAT(err, Catch::Contains("web.2: ") && Catch::Contains("mixed"));
  CHECK(site.worker("web.1").at("generation") == 2);
  CHECK(site.worker("web.2").at("generation") == 1);
  CHECK(site.main_pid("web.3") == third);
  CHECK(site.state("web") == "running");
}

}  // namespace superd::scenario
