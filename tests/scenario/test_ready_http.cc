#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

// The shop with a private socket, asked for /health on it.
std::string shop_config(const std::string& ready, const std::string& listen = "@ADDRESS@") {
  return R"(
[group.web]
command   = ["/usr/bin/gunicorn", "--workers", "1", "-k", "gthread", "--threads", "4", "shop:wsgi"]
workers   = 2
listen    = [")" +
         listen + R"(", { name = "probe", private = true }]
directory = "@DIR@/current"
env       = { PYTHONDONTWRITEBYTECODE = "1", PROBE = "{addr:probe}" }
ready     = )" +
         ready + "\n";
}

// Where superd asks each worker, as the worker was told; by the worker's name.
std::map<std::string, std::string> probes(const Site& site) {
  std::map<std::string, std::string> addresses;
  for (const std::string worker : {"web.1", "web.2"}) {
    const std::string address = proc::environment(site.main_pid(worker))["PROBE"];
    addresses[worker] = address.starts_with("/") ? "unix:" + address : address;
  }
  return addresses;
}

// Who answers there, out of many requests.
std::set<pid_t> answering(const std::string& address) {
  std::set<pid_t> pids;
  for (int i = 0; i < 20; ++i) {
    const Reply reply = get(address, "/health");
    REQUIRE(reply.status == 200);
    pids.insert(static_cast<pid_t>(std::stol(reply.body)));
  }
  return pids;
}

// On its private socket each worker answers, and nobody else.
void check_private(const Site& site) {
  const auto addresses = probes(site);
  CHECK(addresses.at("web.1") != addresses.at("web.2"));
  for (const auto& [worker, address] : addresses) {
    CAPTURE(worker, address);
    const std::vector<pid_t> own = site.pids(worker);
    for (const pid_t pid : answering(address)) {
      CHECK(std::find(own.begin(), own.end(), pid) != own.end());
    }
  }
}

std::size_t files_in(const std::string& dir) {
  std::error_code error;
  const auto all = std::filesystem::directory_iterator(dir, error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("ready http: a release that answers 500 on its own socket ends the roll, and is told",
          "[root]") {
  Site site(shop_config(R"({ http = "/health", timeout = "5s" })"));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  CHECK(site.group("web").at("listen") == nlohmann::json::array({site.address()}));
  check_private(site);
  const auto before = probes(site);
  const std::vector<pid_t> pids = site.main_pids("web");

  releases.deploy("2", "answers 500");
  const Outcome failed = restart_web(site);
  CHECK(failed.exit == 1);
  CHECK_THAT(failed.err, Catch::Contains("web.1: was not ready within 5s: GET /health on "
                                         "127.0.0.1:") &&
                             Catch::Contains(" answered 500"));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.state("web") == "running");
  CHECK(probes(site) == before);

  releases.deploy("3", "import-takes 1");
  CHECK(restart_web(site).exit == 0);
  check_private(site);
  CHECK(probes(site) != before);
}

TEST_CASE("rehearsal: a release that answers 500 meets no client, and a good one is rolled",
          "[root]") {
  Site site(shop_config(R"({ http = "/health", timeout = "4s" })") + "roll.rehearse = true\n");
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const std::vector<pid_t> pids = site.main_pids("web");
  Load load(load_on(site));
  REQUIRE(load.goes_on());

  releases.deploy("2", "answers 500");
  const Outcome failed = restart_web(site);
  CHECK(failed.exit == 1);
  CHECK_THAT(failed.err, Catch::Contains("the rehearsal was not ready within 4s: GET /health on "
                                         "127.0.0.1:") &&
                             Catch::Contains(" answered 500"));
  CHECK(site.main_pids("web") == pids);
  CHECK(site.state("web") == "running");

  releases.deploy("3");
  const std::vector<std::string> order = steps(await_end(site, begin_restart(site)));
  CHECK(in_order(order, "rehearsing", "rehearsed"));
  CHECK(in_order(order, "rehearsed", "web.1 starting"));
  REQUIRE(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(report.versions.count("2") == 0);
  CHECK(report.versions.count("3") == 1);
  // Of the two workers; nothing of a rehearsal is left.
  CHECK(proc::children(superd.supervisor()).size() == 2);
}

TEST_CASE("ready http: workers of a group with a unix socket have private unix sockets", "[full]") {
  Site site(
      shop_config(R"({ http = { path = "/health", status = "200" } })", "unix:@DIR@/web.sock"));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  check_private(site);
  const std::string dir = site.path("run/private");
  for (const auto& [worker, address] : probes(site)) CHECK_THAT(address, Catch::Contains(dir));
  CHECK(files_in(dir) == 2);
  CHECK(restart_web(site).exit == 0);
  check_private(site);
  // A path goes with the old process, which may take its time.
  CHECK(wait_until(kSoon, [&] { return files_in(dir) == 2; }));
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(files_in(dir) == 0);
}

TEST_CASE("ready http: a connection waits in the private socket until the application is loaded",
          "[full]") {
  Site site(shop_config(R"({ http = "/health", timeout = "30s" })"));
  const Releases releases(site);
  releases.deploy("2", "import-waits-for @DIR@/go");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] {
    const std::string detail = site.worker("web.1").at("detail");
    return detail.find(": no answer within 2s") != std::string::npos;
  }));
  CHECK(site.state("web.1") == "starting");
  site.write("go", "");
  CHECK(site.reaches("web", "running", 60s));
}

TEST_CASE("ready http: an application that never answers is not ready in time", "[full]") {
  Site site(shop_config(R"({ http = "/stuck", timeout = "4s" }
autostart = false
respawn   = { policy = "never" })"));
  const Releases releases(site);
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("GET /stuck on 127.0.0.1:") &&
                            Catch::Contains(": no answer within 2s"));
}

TEST_CASE("ready http: private sockets outlive a supervisor, and go with their workers", "[full]") {
  Site site(shop_config(R"({ http = "/health" })", "unix:@DIR@/web.sock"));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  const auto before = probes(site);
  const pid_t old = superd.supervisor();
  ::kill(old, SIGKILL);
  REQUIRE(wait_until(60s, [&] { return superd.supervisor() > 0 && superd.supervisor() != old; }));
  REQUIRE(site.reaches("web", "running", 60s));
  CHECK(probes(site) == before);
  check_private(site);
  CHECK(restart_web(site).exit == 0);
  CHECK(probes(site) != before);
  check_private(site);
  CHECK(files_in(site.path("run/private")) == 2);
}

}  // namespace superd::scenario
