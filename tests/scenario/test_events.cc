#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/beside.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

using nlohmann::json;

constexpr const char* kTwoGroups = R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "50ms" }

[group.api]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "50ms" }
)";

std::vector<json> events_in(const std::string& text) {
  std::vector<json> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    lines.push_back(json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

bool has(const std::vector<json>& events, const std::string& kind,
         const std::string& cause_begins = "") {
  return std::any_of(events.begin(), events.end(), [&](const json& event) {
    return event.at("event") == kind && event.value("cause", "").starts_with(cause_begins);
  });
}

// `superctl events -f …` beside the test.
class Follower : public Beside {
 public:
  Follower(const Site& site, const std::string& name, std::vector<std::string> arguments)
      : Beside(site, name, command(std::move(arguments))) {}

  [[nodiscard]] std::vector<json> events() const { return events_in(text()); }

 private:
  static std::vector<std::string> command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--json", "events", "-f"});
    return arguments;
  }
};

}  // namespace

TEST_CASE("events: each start, stop, roll and crash is told with its cause, in one order of ids",
          "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("api", "running"));
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  ::kill(site.main_pid("web.1"), SIGKILL);
  REQUIRE(wait_until(kSoon, [&] {
    return has(events_in(site.ctl({"events", "web.1", "--json"}).out), "worker.exited", "exit");
  }));
  CHECK(site.ctl({"stop", "api"}).exit == 0);
  const auto events = events_in(site.ctl({"events", "--json"}).out);
  std::uint64_t last = 0;
  for (const json& event : events) {
    CHECK(event.at("id") == last + 1);
    last = event.at("id");
  }
  CHECK(has(events, "daemon.started"));
  CHECK(has(events, "worker.spawned", "boot"));
  CHECK(has(events, "group.running"));
  CHECK(has(events, "roll.started", "command uid="));
  CHECK(has(events, "roll.finished", "command uid="));
  CHECK(has(events, "group.stopped", "command uid="));
  // By name, by id and by time; as text.
  for (const json& event : events_in(site.ctl({"events", "api", "--json"}).out)) {
    CHECK(event.at("group") == "api");
  }
  const auto after =
      events_in(site.ctl({"events", "--since", std::to_string(last - 2), "--json"}).out);
  REQUIRE(after.size() >= 2);
  CHECK(after.front().at("id") == last - 1);
  CHECK(site.ctl({"events", "--since", "2100-01-01T00:00:00Z"}).out.empty());
  CHECK(site.ctl({"events", "--since", "10m"}).out.find(" superd daemon.started\n") !=
        std::string::npos);
  CHECK(site.ctl({"events", "--since", "never"}).exit == 2);
  CHECK(site.ctl({"events", "wbe"}).exit == 4);
}

TEST_CASE("events: a follower goes on over a crash of the supervisor, and misses nothing",
          "[all]") {
  Site site(kTwoGroups);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("api", "running"));
  Follower all(site, "all", {"--since", "0"});
  Follower web(site, "web", {"web", "--since", "0"});
  // Whoever is cut off before its first answer is told so, and follows nothing.
  for (const Follower* one : {&all, &web}) {
    REQUIRE(wait_until(kSoon, [&] { return has(one->events(), "group.running"); }));
  }
  for (int i = 0; i < 2; ++i) {
    const pid_t supervisor = superd.supervisor();
    ::kill(supervisor, SIGKILL);
    REQUIRE(wait_until(kSoon, [&] {
      return superd.supervisor() > 0 && superd.supervisor() != supervisor &&
             site.state("web") == "running";
    }));
  }
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return has(all.events(), "group.stopped"); }));
  REQUIRE(wait_until(kSoon, [&] { return has(web.events(), "group.stopped"); }));
  const auto events = all.events();
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].at("id") == i + 1);
  CHECK(std::count_if(events.begin(), events.end(), [](const json& event) {
          return event.at("event") == "daemon.recovered";
        }) == 2);
  for (const json& event : web.events()) CHECK(event.at("group") == "web");
  // Quiet at an interrupt, and once nobody reads on.
  all.program().signal(SIGINT);
  CHECK(all.program().wait(kSoon) == 130);
  CHECK(all.events().size() == events.size());
  const Outcome closed = run(
      {"sh", "-c",
       "'" + programs().superctl + "' -s '" + site.control() + "' events -f --since 0 | head -n1"});
  CHECK(closed.exit == 0);
  CHECK(closed.err.empty());
  CHECK(closed.out.find("daemon.started") != std::string::npos);
}

TEST_CASE("events: their history outlives superd, and a follower its restart", "[all]") {
  Site site(kTwoGroups);
  std::optional<Superd> superd(std::in_place, site);
  REQUIRE(site.reaches("web", "running"));
  Follower all(site, "all", {"--since", "0"});
  REQUIRE(wait_until(kSoon, [&] { return has(all.events(), "group.running"); }));
  REQUIRE(site.ctl({"restart", "api"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return has(all.events(), "roll.finished"); }));
  superd->end();
  superd.reset();
  superd.emplace(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(wait_until(kSoon, [&] {
    const auto events = all.events();
    return std::ranges::count(events, "daemon.started",
                              [](const json& event) { return event.value("event", ""); }) == 2;
  }));
  CHECK(has(all.events(), "daemon.stopping"));
  const auto told = all.events();
  for (std::size_t i = 1; i < told.size(); ++i) {
    CHECK(told[i].at("id").get<std::uint64_t>() == told[i - 1].at("id").get<std::uint64_t>() + 1);
  }
}

}  // namespace superd::scenario
