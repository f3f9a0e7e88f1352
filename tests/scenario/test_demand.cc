#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/address.h"
#include "harness/deploy.h"

namespace superd::scenario {
namespace {

// `PID GENERATION VERSION`
std::string version_in(const std::string& body) {
  std::istringstream words(body);
  std::string pid;
  std::string generation;
  std::string version;
  words >> pid >> generation >> version;
  return version;
}

bool is_refused(const std::string& address) {
  return get(address, "/").error.find("refused") != std::string::npos;
}

// Of two times as superd writes them, `…T12:00:00.250Z`, less than a day apart.
std::chrono::milliseconds time_between(const std::string& from, const std::string& to) {
  const auto of_day = [](const std::string& time) {
    const auto at = time.find('T');
    const auto number = [&](std::size_t offset, std::size_t size) {
      return std::stoi(time.substr(at + offset, size));
    };
    return std::chrono::milliseconds(
        ((number(1, 2) * 60 + number(4, 2)) * 60 + number(7, 2)) * 1000 + number(10, 3));
  };
  const auto apart = of_day(to) - of_day(from);
  return apart < 0ms ? apart + 24h : apart;
}

}  // namespace

TEST_CASE("on_demand: the first connection starts the group, and is served", "[all]") {
  Site site(config({.more = "on_demand = true\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  CHECK(site.pids("web").empty());
  CHECK(site.ctl({"status"}).exit == 0);
  CHECK(get(site.address(), "/").status == 200);
  CHECK(site.reaches("web", "running"));
  CHECK(site.group("web").at("cause") == "demand");
}

TEST_CASE("idle_timeout: a group without connections goes without processes until the next one",
          "[root]") {
  Site site(config({.more = "on_demand = true\nidle_timeout = \"2s\"\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  CHECK(get(site.address(), "/").status == 200);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("web", "waiting", 60s));
  CHECK(site.pids("web").empty());
  CHECK(get(site.address(), "/").status == 200);
}

TEST_CASE(
    "idle_timeout: its time begins with the last connection, the last start and the last hold",
    "[full]") {
  Site site(config({.more = "on_demand = true\nidle_timeout = \"4s\"\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  // By superd's own clock, so that a test that is late changes nothing.
  const auto time_of_last = [&](const std::string& text) {
    const std::string log = superd.log();
    const auto at = log.rfind(text);
    REQUIRE(at != std::string::npos);
    return log.substr(log.rfind('\n', at) + 1, std::string("2026-01-01T00:00:00.000Z").size());
  };
  const auto ran_for = [&] {
    REQUIRE(site.reaches("web", "waiting", 60s));
    return time_between(time_of_last(" -> running ("), time_of_last("web: running -> stopping"));
  };
  CHECK(get(site.address(), "/").status == 200);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("uptime_s").get<int>() >= 3; }));
  CHECK(restart_web(site).exit == 0);
  CHECK(ran_for() >= 4s);

  CHECK(get(site.address(), "/").status == 200);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.ctl({"hold", "web"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("uptime_s").get<int>() >= 7; }));
  CHECK(site.state("web") == "running");
  CHECK(site.ctl({"release", "web"}).exit == 0);
  CHECK(ran_for() >= 9s);
}

TEST_CASE("idle_timeout: under load a group is not idle", "[full]") {
  Site site(config({.more = "on_demand = true\nidle_timeout = \"2s\"\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  LoadOptions options = load_on(site);
  options.per_second = 3;
  options.slow_every = 0;
  Load load(options);
  REQUIRE(load.goes_on(30));
  const std::vector<pid_t> serving = site.main_pids("web");
  REQUIRE(load.goes_on(30));
  CHECK(site.main_pids("web") == serving);
  CHECK(load.stop().failed.empty());
}

TEST_CASE("next-request: the old leave, the next connection starts the new, and no request fails",
          "[root]") {
  Site site(config({.more = R"(
[[group.web.trigger]]
paths = ["touch-me"]
when = "next-request"
)"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  SECTION("without load it waits") {
    site.write("current/touch-me", "");
    REQUIRE(site.reaches("web", "waiting", 60s));
    CHECK(site.pids("web").empty());
    releases.deploy("2");
    const Reply reply = get(site.address(), "/");
    CHECK(reply.status == 200);
    CHECK(version_in(reply.body) == "2");
  }
  SECTION("under load no request fails, and the new code serves") {
    Load load(load_on(site));
    REQUIRE(load.goes_on());
    Get in_hand(site.address(), "/slow?ms=8000");
    // Those that came later were accepted, so that one was.
    REQUIRE(load.goes_on());
    releases.deploy("2");
    site.write("releases/2/touch-me", "");
    REQUIRE(wait_until(60s, [&] { return load.report().versions.count("2") == 1; }));
    // An old worker still serves, and accepts nothing any more.
    for (int i = 0; i < 50; ++i) CHECK(version_in(get(site.address(), "/").body) == "2");
    const Reply last = in_hand.reply();
    CHECK(last.status == 200);
    CHECK(version_in(last.body) == "1");
    REQUIRE(load.goes_on());
    const LoadReport report = load.stop();
    INFO(report);
    CHECK(report.failed.empty());
  }
}

TEST_CASE("next-request: a stop while the group waits ends the waiting", "[root]") {
  Site site(config({.more = "on_demand = true\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.state("web") == "stopped");
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(site.state("web") == "running");
}

TEST_CASE("on_demand: a group that waits is started by a connection to its new address", "[root]") {
  Site site(config({.more = "on_demand = true\nidle_timeout = \"2s\"\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  SECTION("that never ran") {}
  SECTION("that ran before") {
    CHECK(get(site.address(), "/").status == 200);
    REQUIRE(site.reaches("web", "waiting", 60s));
  }
  const std::string moved = "127.0.0.1:" + std::to_string(free_port());
  change(site, "\"" + site.address() + "\"", "\"" + moved + "\"");
  CHECK(site.ctl({"apply"}).exit == 0);
  // The keeper closes its own a moment later.
  CHECK(wait_until(kSoon, [&] { return is_refused(site.address()); }));
  CHECK(get(moved, "/").status == 200);
  // gunicorn that is asked to leave while it boots takes its 30 s for it.
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("idle_timeout: a removed group leaves no socket behind", "[root]") {
  Site site(config({.more = "on_demand = true\nidle_timeout = \"60s\"\n"}) +
            "[group.other]\ncommand = [\"sleep\", \"100000\"]\n");
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  CHECK(get(site.address(), "/").status == 200);
  // Long enough that superd has looked at it.
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("uptime_s").get<int>() >= 3; }));
  site.write("superd.toml",
             "[superd]\nruntime_dir = \"run\"\nlog_dir = \"log\"\n"
             "[group.other]\ncommand = [\"sleep\", \"100000\"]\n");
  CHECK(site.ctl({"apply"}).exit == 0);
  CHECK(wait_until(kSoon, [&] { return is_refused(site.address()); }));
}

TEST_CASE("on_demand: of many groups that come at once each is started by its connection",
          "[all]") {
  constexpr int kManyAtOnce = 12;
  Site site("");
  const Superd superd(site);
  std::string text = site.read("superd.toml");
  std::vector<std::string> addresses;
  for (int i = 0; i < kManyAtOnce; ++i) {
    addresses.push_back("127.0.0.1:" + std::to_string(free_port()));
    text += "[group.g" + std::to_string(i) +
            "]\ncommand = [\"@WORKER@\", \"serve\"]\nlisten = [\"" + addresses.back() +
            "\"]\non_demand = true\n";
  }
  site.write("superd.toml", site.expand(text));
  CHECK(site.ctl({"apply"}).exit == 0);
  for (const std::string& address : addresses) CHECK(get(address, "/").status == 200);
}

TEST_CASE("on_demand: an address that somebody else has is waited for, and said", "[all]") {
  Site site(config({.more = "on_demand = true\n"}));
  const Releases releases(site);
  UniqueFd other = listen_on(site.address());
  const Superd superd(site);
  REQUIRE(site.reaches("web", "waiting"));
  const Outcome status = site.ctl({"status"});
  CHECK(status.exit == 3);
  CHECK(status.out.find("web: no connection starts it: " + site.address() + " is in use") !=
        std::string::npos);
  CHECK(site.ctl({"why", "web"}).out.find("no connection starts it") != std::string::npos);
  other = UniqueFd();
  CHECK(wait_until(kSoon, [&] { return site.ctl({"status"}).exit == 0; }));
  CHECK(get(site.address(), "/").status == 200);
}

}  // namespace superd::scenario
