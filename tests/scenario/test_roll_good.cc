#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

// Deploys release 2 under load by that command; no request may fail.
struct Deployed {
  Outcome outcome;
  LoadReport load;
};
Deployed deploy_under_load(const Site& site, const Releases& releases,
                           const std::vector<std::string>& command) {
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  releases.deploy("2");
  Deployed deployed;
  deployed.outcome = site.ctl(command);
  CHECK(load.goes_on());
  deployed.load = load.stop();
  return deployed;
}

// Opens the gate that a release with `import-waits-for @DIR@/gate` stands before.
void open_gate(const Site& site) { site.write("gate", ""); }
constexpr const char* kGate = "import-waits-for @DIR@/gate";
constexpr const char* kGateBehindCanary = "import-of-others-waits-for @DIR@/gate";

bool import_waits(const Site& site, const std::string& worker) {
  return wait_until(kSoon, [&] {
    return site.read("log/" + worker + ".log").find("waiting for") != std::string::npos;
  });
}

// The main process of the old one that still drains in this worker, or -1.
pid_t draining(const Site& site, const std::string& worker) {
  const nlohmann::json view = site.worker(worker);
  if (!view.is_object() || view.at("draining").empty()) return -1;
  const nlohmann::json pid = view.at("draining").at(0).at("pid");
  return pid.is_number() ? pid.get<pid_t>() : -1;
}

}  // namespace

TEST_CASE("roll: a batch of two replaces two workers at a time, behind the canary", "[full]") {
  const std::string batch = GENERATE("2", "\"50%\"");
  CAPTURE(batch);
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .workers = 4,
                    .more = "roll = { batch = " + batch + " }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  releases.deploy("2", kGateBehindCanary);
  const std::uint64_t id = begin_restart(site);
  CHECK(import_waits(site, "web.2"));
  CHECK(import_waits(site, "web.3"));
  CHECK(load.goes_on());
  const std::vector<std::string> meanwhile = steps(roll(site, id));
  CHECK(in_order(meanwhile, "web.1 ready", "web.2 starting"));
  CHECK(!in_order(meanwhile, "web.1 ready", "web.4 starting"));
  open_gate(site);

  const nlohmann::json done = await_end(site, id);
  INFO(done.dump(1));
  CHECK(done.at("result") == "done");
  CHECK(in_order(steps(done), "web.2 ready", "web.4 starting"));
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

TEST_CASE("roll: by stop-first connections wait in the socket while there is no worker", "[all]") {
  Site site(config({.runner = Runner::gunicorn_gthread,
                    .workers = 1,
                    .more = "roll = { strategy = \"stop-first\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t old = site.main_pid("web.1");
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  releases.deploy("2", kGate);
  const std::uint64_t id = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));
  CHECK(!proc::alive(old));
  const int answered = load.report().ok;
  REQUIRE(wait_until(kSoon, [&] { return load.report().asked > answered + 30; }));
  CHECK(load.report().ok == answered);
  open_gate(site);

  CHECK(await_end(site, id).at("result") == "done");
  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

TEST_CASE("roll: --now stops all at once, and no connection is lost", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> before = site.pids("web");

  const Deployed deployed = deploy_under_load(site, releases, {"restart", "web", "--now"});

  CHECK(deployed.outcome.exit == 0);
  for (const pid_t pid : before) CHECK(!proc::alive(pid));
  INFO(deployed.load);
  CHECK(deployed.load.failed.empty());
  CHECK(deployed.load.versions.count("2") == 1);
}

TEST_CASE("roll: the new process of a worker serves before its old one is asked to leave",
          "[all]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 1}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t old = site.main_pid("web.1");
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  releases.deploy("2", kGate);
  const std::uint64_t id = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));
  // While the new one is not there yet the old one serves, and its state says so.
  CHECK(load.goes_on());
  CHECK(site.worker("web.1").at("state") == "ready");
  CHECK(site.main_pid("web.1") == old);
  CHECK(site.state("web") == "rolling");
  CHECK(site.pids("web").size() > 2);
  open_gate(site);

  CHECK(await_end(site, id).at("result") == "done");
  CHECK(site.main_pid("web.1") != old);
  CHECK(!proc::alive(old));
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

TEST_CASE("roll: an application in its import is not ready, however busy the socket is", "[all]") {
  Site site(config({.runner = Runner::gunicorn_sync, .workers = 1}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  LoadOptions options = load_on(site);
  options.clients = 40;
  options.slow_every = 0;
  Load load(options);
  REQUIRE(load.goes_on());

  releases.deploy("2", kGate);
  const std::uint64_t id = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));
  REQUIRE(load.goes_on(500));
  CHECK(!in_order(steps(roll(site, id)), "web.1 starting", "web.1 ready"));
  open_gate(site);

  CHECK(await_end(site, id).at("result") == "done");
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

TEST_CASE("roll: one worker alone is replaced by the recipe in force, new before old", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t first = site.main_pid("web.1");
  const pid_t second = site.main_pid("web.2");

  const Deployed deployed = deploy_under_load(site, releases, {"restart", "web.2"});

  CHECK(deployed.outcome.exit == 0);
  CHECK(site.main_pid("web.1") == first);
  CHECK(site.main_pid("web.2") != second);
  // It may still finish what it had in hand.
  CHECK(wait_until(kSoon, [&] { return !proc::alive(second); }));
  CHECK(site.group("web").at("generation") == 1);
  INFO(deployed.load);
  CHECK(deployed.load.failed.empty());
  CHECK(deployed.load.versions.count("2") == 0);
  CHECK(deployed.load.pids.size() == 3);
}

TEST_CASE("roll: an old worker that does not leave delays its own place alone", "[full]") {
  Site site(config(
      {.runner = Runner::gunicorn_gthread, .workers = 4, .more = "stop = { timeout = \"1h\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const pid_t stuck = site.main_pid("web.2");
  ::kill(stuck, SIGSTOP);

  const std::uint64_t id = begin_restart(site);
  for (const char* worker : {"web.1", "web.2", "web.3", "web.4"}) {
    INFO(worker);
    CHECK(wait_until(60s, [&] {
      const nlohmann::json view = site.worker(worker);
      return view.at("state") == "ready" && view.at("generation") == 2;
    }));
  }
  CHECK(draining(site, "web.2") == stuck);
  CHECK(roll(site, id).at("state") == "running");
  CHECK(proc::alive(stuck));
  ::kill(stuck, SIGCONT);

  CHECK(await_end(site, id).at("result") == "done");
  CHECK(!proc::alive(stuck));
}

TEST_CASE("roll: a request that never ends is cut off at the stop timeout, and no other",
          "[full]") {
  Site site(config(
      {.runner = Runner::gunicorn_gthread, .workers = 2, .more = "stop = { timeout = \"5s\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Get stuck(site.address(), "/stuck");

  const Deployed deployed = deploy_under_load(site, releases, {"restart", "web"});

  CHECK(deployed.outcome.exit == 0);
  CHECK(stuck.reply().status == 0);
  INFO(deployed.load);
  CHECK(deployed.load.failed.empty());
}

TEST_CASE("roll: restarts during a roll make exactly one more after it", "[full]") {
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));

  releases.deploy("2", kGate);
  const std::uint64_t first = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));
  releases.deploy("3");
  const std::uint64_t second = begin_restart(site);
  const std::uint64_t third = begin_restart(site);
  CHECK(second != first);
  open_gate(site);

  CHECK(await_end(site, first).at("result") == "done");
  CHECK(await_end(site, second).at("result") == "done");
  CHECK(await_end(site, third).at("result") == "done");
  CHECK(roll(site, third).at("id") == roll(site, second).at("id"));
  CHECK(site.group("web").at("generation") == 3);
  CHECK(site.state("web") == "running");
  CHECK(wait_until(kSoon, [&] { return load.report().versions.count("3") == 1; }));
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
}

TEST_CASE("roll: a stop during a roll wins", "[full]") {
  // In its import gunicorn takes no notice of TERM.
  Site site(config(
      {.runner = Runner::gunicorn_gthread, .workers = 2, .more = "stop = { timeout = \"2s\" }\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  releases.deploy("2", kGate);
  const std::uint64_t id = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));
  const std::vector<pid_t> all = site.pids("web");

  CHECK(site.ctl({"stop", "web"}).exit == 0);

  CHECK(site.state("web") == "stopped");
  for (const pid_t pid : all) CHECK(!proc::alive(pid));
  const nlohmann::json stopped = await_end(site, id);
  CHECK(stopped.at("state") == "aborted");
  CHECK(stopped.at("result") == "stopped");
  // What comes next is the new recipe's business.
  open_gate(site);
  CHECK(site.ctl({"start", "web"}).exit == 0);
}

TEST_CASE("roll: a worker that crashes meanwhile comes back by the recipe that its place has then",
          "[all]") {
  const std::string worker = GENERATE("web.1", "web.2");
  CAPTURE(worker);
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 2}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  releases.deploy("2", kGate);
  const std::uint64_t id = begin_restart(site);
  REQUIRE(import_waits(site, "web.1"));

  const pid_t crashed = site.main_pid(worker);
  ::kill(crashed, SIGKILL);

  // Of the worker in hand the new process is on its way already; the other's place is the old one.
  if (worker == "web.2") {
    CHECK(wait_until(kSoon, [&] {
      const nlohmann::json view = site.worker(worker);
      return view.at("state") == "ready" && view.at("pid") != crashed && view.at("generation") == 1;
    }));
  }
  CHECK(get(site.address(), "/").status == 200);
  open_gate(site);
  CHECK(await_end(site, id).at("result") == "done");
  CHECK(site.state("web") == "running");
  for (const char* name : {"web.1", "web.2"}) CHECK(site.worker(name).at("generation") == 2);
}

}  // namespace superd::scenario
