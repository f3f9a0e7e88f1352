#include <csignal>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kServing = R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "10ms" }
)";

Outcome metrics_of(const Site& site) {
  return run({"curl", "-sSi", "--unix-socket", site.control(), "http://localhost/metrics"});
}

// The value of each series; -1 for one that is told twice.
std::map<std::string, double> read(const std::string& page) {
  std::map<std::string, double> values;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.rfind(' ');
    if (line.empty() || line.front() == '#' || blank == std::string::npos) continue;
    const auto [at, is_new] = values.try_emplace(line.substr(0, blank), 0);
    at->second = is_new ? std::stod(line.substr(blank + 1)) : -1;
  }
  return values;
}

std::map<std::string, double> metrics(const Site& site) { return read(site.ctl({"metrics"}).out); }

}  // namespace

TEST_CASE("metrics: Prometheus reads what happened and who waits", "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const Get one(site.address(), "/");
  const Get two(site.address(), "/");
  const Get path("unix:" + site.path("web.sock"), "/");
  const Outcome page = metrics_of(site);
  CHECK(page.out.find("text/plain; version=0.0.4") != std::string::npos);
  auto values = metrics(site);
  for (const auto& [series, value] : values) {
    INFO(series);
    CHECK(value >= 0);
  }
  const std::string tcp = R"({group="web",listener=")" + site.address() + R"("})";
  CHECK(values["superd_listen_queue_length" + tcp] == 2);
  CHECK(values["superd_listen_queue_limit" + tcp] > 100);
  CHECK(values[R"(superd_listen_queue_length{group="web",listener="unix:)" + site.path("web.sock") +
               R"("})"] == 1);
  CHECK(values[R"(superd_group_workers{group="web",state="ready"})"] == 2);
  CHECK(values[R"(superd_group_generation{group="web"})"] == 1);
  CHECK(values[R"(superd_worker_starts_total{group="web",reason="boot"})"] == 2);
  CHECK(values[R"(superd_worker_memory_bytes{group="web",worker="web.2"})"] > 0);
  CHECK(values[R"(superd_worker_processes{group="web",worker="web.1"})"] == 1);
  CHECK(values[R"(superd_worker_open_fds{group="web",worker="web.1"})"] > 2);
  CHECK(values["process_open_fds"] > 0);
  CHECK(site.json({"metrics", "--json"}).at("metrics").size() == values.size());
  const Outcome status = site.ctl({"status", "-v", "web"});
  CHECK_THAT(status.out, Catch::Contains("web " + site.address() + ": accept queue 2 of "));
  CHECK_THAT(status.out, Catch::Contains(", CPU 0.") && Catch::Contains("iB pss\n"));
  // As its own judge says, where it is installed.
  site.write("page", site.ctl({"metrics"}).out);
  CHECK(run({"sh", "-c",
             "command -v promtool >/dev/null || exit 0; promtool check metrics <" +
                 site.path("page")})
            .exit == 0);
}

TEST_CASE("metrics: a supervisor that is killed is followed by one that goes on counting",
          "[all]") {
  Site site(kServing);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  const auto before = metrics(site);
  const pid_t supervisor = superd.supervisor();
  ::kill(supervisor, SIGKILL);
  REQUIRE(wait_until(kSoon,
                     [&] { return superd.supervisor() > 0 && superd.supervisor() != supervisor; }));
  REQUIRE(wait_until(kSoon, [&] { return site.state("web") == "running"; }));
  auto after = metrics(site);
  for (const auto& [series, value] : before) {
    const bool is_kept = series.starts_with("superd_worker_starts_total") ||
                         series.starts_with("superd_worker_exits_total") ||
                         series.starts_with("superd_worker_stop_duration") ||
                         series.starts_with("superd_roll") || series == "superd_start_time_seconds";
    if (!is_kept) continue;
    INFO(series);
    CHECK(after[series] == value);
  }
  CHECK(after["superd_supervisor_recoveries_total"] == 1);
  CHECK(after[R"(superd_rolls_total{group="web",result="done"})"] == 1);
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  auto last = metrics(site);
  CHECK(last[R"(superd_rolls_total{group="web",result="done"})"] == 2);
  CHECK(last[R"(superd_worker_starts_total{group="web",reason="command"})"] == 4);
  CHECK(last[R"(superd_roll_duration_seconds_count{group="web"})"] == 2);
}

TEST_CASE("metrics: what became of the output is counted, whoever of superd is killed", "[all]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "while read line; do echo $line; done <@DIR@/words"]
ready   = { when = "delay", delay = "10ms" }
[group.web.log]
format = "cri"
)");
  REQUIRE(::mkfifo(site.path("words").c_str(), 0600) == 0);
  const UniqueFd words(::open(site.path("words").c_str(), O_RDWR | O_CLOEXEC));
  const Superd superd(site);
  const auto say = [&](const std::string& line) {
    REQUIRE(::write(words.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  };
  // The whole file is counted, each byte of it once.
  const auto counted = [&](double lines) {
    return wait_until(kSoon, [&] {
      auto values = metrics(site);
      return values[R"(superd_log_lines_total{group="web"})"] == lines &&
             values[R"(superd_log_bytes_total{group="web"})"] ==
                 static_cast<double>(site.read("log/web.1.log").size());
    });
  };
  say("one\ntwo\n");
  CHECK(counted(2));
  CHECK(metrics(site)[R"(superd_log_dropped_bytes_total{group="web"})"] == 0);
  CHECK(superd.kill_supervisor());
  say("three\n");
  CHECK(counted(3));
  const pid_t logger = superd.logger();
  ::kill(logger, SIGKILL);
  say("four\n");
  CHECK(counted(4));
  CHECK(superd.kill_supervisor());
  CHECK(counted(4));
}

TEST_CASE("metrics: a worker may not read them, as they tell of every group", "[all]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "curl -sSi --unix-socket $SUPERD_SOCKET http://x/metrics >@DIR@/new; mv @DIR@/new @DIR@/answer; exec sleep 100000"]
ready   = { when = "delay", delay = "10ms" }
)");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return !site.read("answer").empty(); }));
  CHECK(site.read("answer").find("sees its own alone") != std::string::npos);
  CHECK(site.read("answer").starts_with("HTTP/1.1 403"));
}

}  // namespace superd::scenario
