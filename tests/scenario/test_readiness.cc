#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

using Clock = std::chrono::system_clock;
using Milliseconds = std::chrono::milliseconds;

// As precise as superd's log.
Clock::time_point now() { return std::chrono::time_point_cast<Milliseconds>(Clock::now()); }

// When superd logged the first line that has the text; nothing: not yet.
std::optional<Clock::time_point> logged(const Superd& superd, const std::string& text) {
  std::istringstream lines(superd.log());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(text) == std::string::npos) continue;
    std::tm parts{};
    const char* rest = ::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    REQUIRE(rest != nullptr);
    return Clock::from_time_t(::timegm(&parts)) + Milliseconds(std::stoi(rest + 1));
  }
  return std::nullopt;
}

// The application's import ends when the test says so, three seconds after it began.
class SlowImport {
 public:
  SlowImport(const Site& site, const Releases& releases, const std::string& version) : site_(site) {
    releases.deploy(version, "import-waits-for " + site.path("go"));
  }
  // Also: superd must not take it for ready meanwhile.
  void last(const Superd& superd, const std::string& ready) {
    const auto end = std::chrono::steady_clock::now() + 3s;
    REQUIRE(wait_until(kSoon, [&] {
      return site_.read("log/web.1.log").find("waiting for") != std::string::npos;
    }));
    wait_until(Milliseconds((end - std::chrono::steady_clock::now()) / 1ms),
               [&] { return logged(superd, ready).has_value(); });
    CHECK_FALSE(logged(superd, ready));
    ended_ = now();
    site_.write("go", "");
  }
  [[nodiscard]] Clock::time_point ended() const { return ended_; }

 private:
  const Site& site_;
  Clock::time_point ended_;
};

void show(const Shop& shop, const char* with, Clock::time_point seen, Clock::time_point replied,
          Clock::time_point loaded) {
  std::cout << name(shop.runner) << " | " << name(shop.socket) << " | " << with << " | "
            << (seen - replied) / 1ms << " ms | " << (seen - loaded) / 1ms << " ms\n";
}

// A first start: nobody else is there to answer.
void start_alone(const Shop& shop) {
  if (!installed(shop.runner)) skip(std::string(name(shop.runner)) + " is not installed");
  CAPTURE(name(shop.runner), name(shop.socket));
  Site site(config(shop));
  const Releases releases(site);
  SlowImport import(site, releases, "2");
  const Superd superd(site);
  Get request(address(site, shop.socket), "/");
  const std::string ready = "web.1: starting -> ready";
  import.last(superd, ready);
  CHECK(request.reply().status == 200);
  const Clock::time_point replied = now();
  REQUIRE(wait_until(kSoon, [&] { return logged(superd, ready).has_value(); }));
  CHECK(*logged(superd, ready) >= import.ended());
  CHECK(site.worker("web.1").at("state") == "ready");
  show(shop, "alone", *logged(superd, ready), replied, import.ended());
}

// A deploy beside an old process that goes on serving the same socket.
void start_beside(const Shop& shop, const char* with, LoadOptions options) {
  if (!installed(shop.runner)) skip(std::string(name(shop.runner)) + " is not installed");
  CAPTURE(name(shop.runner), name(shop.socket), with);
  Site site(config(shop));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  options.addresses = {address(site, shop.socket)};
  options.slow_every = 0;
  const Clock::time_point began = now();
  Load load(options);
  REQUIRE(load.goes_on());

  SlowImport import(site, releases, "2");
  const std::uint64_t id = begin_restart(site);
  const std::string ready = "web.1: ready -> ready";
  import.last(superd, ready);
  const nlohmann::json rolled = await_end(site, id);
  REQUIRE(load.goes_on());

  INFO(rolled.dump());
  CHECK(rolled.at("result") == "done");
  REQUIRE(logged(superd, ready));
  CHECK(*logged(superd, ready) >= import.ended());
  const LoadReport report = load.stop();
  INFO(report);
  // An uvicorn that leaves closes what it has accepted and not read yet, which is much where
  // clients never pause.
  if (shop.runner != Runner::uvicorn || options.clients == 0) CHECK(report.failed.empty());
  REQUIRE(report.versions.count("2") == 1);
  show(shop, with, *logged(superd, ready), began + report.versions.at("2").first, import.ended());
}

LoadOptions open_load() {
  LoadOptions options;
  options.per_second = 75;
  return options;
}

LoadOptions saturation() {
  LoadOptions options;
  options.clients = 40;
  return options;
}

Shop one(Runner runner, Socket socket) {
  return {.runner = runner, .socket = socket, .workers = 1};
}

Runner any_runner() {
  return GENERATE(Runner::gunicorn_sync, Runner::gunicorn_gthread, Runner::uwsgi, Runner::uvicorn);
}
// superd as root that may not trace others, as in a container. Rights belong to threads: what the
// thread starts goes without.
std::unique_ptr<Superd> superd_without_ptrace(Site& site) {
  std::unique_ptr<Superd> superd;
  bool dropped = false;
  std::thread([&] {
    dropped = ::prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE) == 0;
    superd = std::make_unique<Superd>(site);
  }).join();
  if (!dropped) skip("the right to trace cannot be given up here");
  return superd;
}

// A start that must not count as ready in its ten seconds.
std::string never_ready(const std::string& group, const std::string& behaviour) {
  Site site(group);
  const Releases releases(site);
  releases.deploy("2", behaviour);
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_FALSE(logged(superd, "-> ready"));
  return start.err;
}

}  // namespace

TEST_CASE("readiness: a slow application is ready when it can serve, and not before", "[all]") {
  start_alone(one(Runner::gunicorn_sync, Socket::tcp));
}

TEST_CASE(
    "readiness: beside an old process that serves 75 requests a second, the new one counts by "
    "itself",
    "[all]") {
  start_beside(one(Runner::gunicorn_sync, Socket::tcp), "75 requests/s", open_load());
}

TEST_CASE("readiness: also where forty clients leave the new process no time to wait", "[root]") {
  start_beside(one(Runner::gunicorn_sync, Socket::tcp), "40 clients", saturation());
}

TEST_CASE("readiness: every runner on every socket, alone", "[full]") {
  start_alone(one(any_runner(), any_socket()));
}

TEST_CASE("readiness: every runner on every socket, beside an old process", "[full]") {
  start_beside(one(any_runner(), any_socket()), "75 requests/s", open_load());
}

TEST_CASE("readiness: every runner on every socket, with forty clients", "[full]") {
  start_beside(one(any_runner(), any_socket()), "40 clients", saturation());
}

TEST_CASE("readiness: an application that cannot be imported is never ready", "[all]") {
  // With two processes that fail, gunicorn 20.1 may end with a long traceback of its own.
  const Runner runner = GENERATE(Runner::gunicorn_gthread, Runner::uvicorn);
  if (!installed(runner)) skip(std::string(name(runner)) + " is not installed");
  Shop shop = one(runner, Socket::tcp);
  shop.more = "autostart = false\nready = { timeout = \"20s\" }\n";
  CHECK_THAT(never_ready(config(shop), "import-fails shoes"),
             Catch::Contains("no such table: shoes"));
}

TEST_CASE("readiness: an import that hangs fails the start when its time is over",
          "[root][nocgroup-long][user-long]") {
  Shop shop = one(Runner::gunicorn_sync, Socket::tcp);
  if (!installed(shop.runner)) skip("gunicorn is not installed");
  shop.more = "autostart = false\nready = { timeout = \"4s\" }\nstop = { timeout = \"2s\" }\n";
  CHECK_THAT(never_ready(config(shop), "import-waits-for /nonexistent"),
             Catch::Contains("web.1: was not ready within 4s"));
}

TEST_CASE("readiness: root without the right to trace sees workers of another user", "[root]") {
  const Runner runner = GENERATE(Runner::gunicorn_sync, Runner::uvicorn);
  if (!installed(runner)) skip(std::string(name(runner)) + " is not installed");
  Shop shop = one(runner, any_socket());
  shop.more = "user = \"games\"\n";
  Site site(config(shop));
  const Releases releases(site);
  const auto superd = superd_without_ptrace(site);
  CHECK(site.reaches("web", "running", 60s));
  CHECK(superd->log().find("cannot see") == std::string::npos);
  CHECK(get(address(site, shop.socket), "/").status == 200);
}

TEST_CASE("readiness: what superd may not see is not ready, and the failure says why", "[root]") {
  Shop shop = one(Runner::gunicorn_sync, Socket::tcp);
  if (!installed(shop.runner)) skip("gunicorn is not installed");
  shop.more = "autostart = false\nready = { timeout = \"5s\" }\n";
  // The master stays root, and its children give up being root themselves.
  std::string text = config(shop);
  text.replace(text.find("\"--workers\""), 0, "\"--user\", \"games\", ");
  Site site(text);
  const Releases releases(site);
  const auto superd = superd_without_ptrace(site);
  REQUIRE(site.ctl({"start", "web", "--no-wait"}).exit == 0);
  const std::string why = "cannot see whether process ";
  CHECK(wait_until(kSoon, [&] {
    const nlohmann::json worker = site.worker("web.1");
    return worker.contains("detail") && worker.at("detail").is_string() &&
           worker.at("detail").get<std::string>().rfind(why, 0) == 0;
  }));
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("was not ready within 5s: " + why));
  const std::string log = superd->log();
  CHECK_THAT(log, Catch::Contains("give superd CAP_SYS_PTRACE"));
  CHECK_FALSE(logged(*superd, "-> ready"));
}

TEST_CASE("readiness: a newline on {fd:ready} makes a worker ready", "[all]") {
  Site site(R"(
[group.web]
command = ["/bin/sh", "-c", "echo $LISTEN_FDS > fds; while ! [ -e go ]; do sleep 0.05; done; echo >&{fd:ready}; exec sleep 1000"]
listen  = ["@ADDRESS@"]
socket_env = "listen_fds"
directory = "@DIR@"
ready   = { when = "fd" }
)");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return site.read("fds") == "1\n"; }));
  CHECK(site.worker("web.1").at("state") == "starting");
  site.write("go", "");
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("readiness: {fd:ready} that is closed in silence is not ready", "[all]") {
  Site site(R"(
[group.web]
command = ["/bin/sh", "-c", "exec {fd:ready}>&-; exec sleep 1000"]
directory = "@DIR@"
autostart = false
ready   = { when = "fd", timeout = "2s" }
)");
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains("was not ready within 2s: it closed its {fd:ready} without "
                                        "a newline"));
}

}  // namespace superd::scenario
