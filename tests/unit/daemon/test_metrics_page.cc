#include <algorithm>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/metrics_page.h"

namespace superd::daemon {
namespace {

MetricsFacts facts_of_web() {
  MetricsFacts facts;
  facts.version = "1.2.3";
  facts.began = 1700000000;
  facts.groups = {{.name = "web",
                   .state = core::GroupState::degraded,
                   .generation = 7,
                   .wanted = 2,
                   .workers = {{core::WorkerState::ready, 1}, {core::WorkerState::backoff, 1}}}};
  facts.tallies["web"].starts = {{"boot", 2}, {"exit", 1}};
  facts.tallies["web"].exits = {{"exit", 1}};
  facts.tallies["web"].rolls = {{"done", 4}};
  facts.tallies["web"].roll.observe(3, Tally::kBounds);
  facts.logs["web"] = {
      .logger = 1, .before = {.bytes = 100}, .last = {.bytes = 5, .lines = 3, .dropped = 7}};
  facts.workers = {{.group = "web",
                    .name = "web.1",
                    .processes = 3,
                    .memory_bytes = 4096,
                    .cpu_seconds = 1.5,
                    .open_fds = std::nullopt}};
  facts.listeners = {
      {.group = "web", .address = "127.0.0.1:8000", .queue = {.length = 5, .limit = 4096}}};
  facts.own = MetricsFacts::Own{};
  return facts;
}

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: the names and labels are those of the contract", "[daemon]") {
  const std::string page = metrics_page(facts_of_web());
  for (const char* line :
       {"superd_build_info{version=\"1.2.3\"} 1",
        "superd_start_time_seconds 1700000000",
        "superd_group_state{group=\"web\",state=\"degraded\"} 1",
        "superd_group_state{group=\"web\",state=\"running\"} 0",
        "superd_group_workers{group=\"web\",state=\"ready\"} 1",
        "superd_group_workers{group=\"web\",state=\"failed\"} 0",
        "superd_group_workers_wanted{group=\"web\"} 2",
        "superd_group_generation{group=\"web\"} 7",
        "superd_rolls_total{group=\"web\",result=\"done\"} 4",
        "superd_rolls_total{group=\"web\",result=\"mixed\"} 0",
        "superd_roll_duration_seconds_bucket{group=\"web\",le=\"5\"} 1",
        "superd_roll_duration_seconds_sum{group=\"web\"} 3",
        "superd_worker_starts_total{group=\"web\",reason=\"boot\"} 2",
        "superd_worker_exits_total{group=\"web\",cause=\"exit\"} 1",
        "superd_worker_kills_total{group=\"web\"} 0",
        "superd_worker_oom_kills_total{group=\"web\"} 0",
        "superd_log_bytes_total{group=\"web\"} 105",
        "superd_log_lines_total{group=\"web\"} 3",
        "superd_log_dropped_bytes_total{group=\"web\"} 7",
        "superd_worker_processes{group=\"web\",worker=\"web.1\"} 3",
        "superd_worker_memory_bytes{group=\"web\",worker=\"web.1\"} 4096",
        "superd_worker_cpu_seconds_total{group=\"web\",worker=\"web.1\"} 1.5",
        "superd_listen_queue_length{group=\"web\",listener=\"127.0.0.1:8000\"} 5",
        "superd_listen_queue_limit{group=\"web\",listener=\"127.0.0.1:8000\"} 4096",
        "superd_control_requests_total{socket=\"worker\"} 0"}) {
    INFO(line);
    CHECK(has_line(page, line));
  }
  // What superd may not look at is left out.
  CHECK(page.find("superd_worker_open_fds") == std::string::npos);
}

TEST_CASE("metrics: every series is told once, after the help and the type of its family",
          "[daemon]") {
  std::istringstream page(metrics_page(facts_of_web()));
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  std::string type;
  for (std::string line; std::getline(page, line);) {
    INFO(line);
    std::istringstream words(line);
    if (line.starts_with("# HELP ")) {
      std::string skipped;
      words >> skipped >> skipped >> family;
      CHECK(families.insert(family).second);
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      std::string skipped;
      std::string name;
      words >> skipped >> skipped >> name >> type;
      CHECK(name == family);
      CHECK(family.ends_with("_total") == (type == "counter"));
      continue;
    }
    CHECK(line.starts_with(family));
    CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
    const std::string name = line.substr(0, line.find_first_of("{ "));
    const std::string suffix = name.substr(family.size());
    if (type == "histogram") {
      CHECK((suffix == "_bucket" || suffix == "_sum" || suffix == "_count"));
    } else {
      CHECK(suffix.empty());
    }
  }
  CHECK(families.size() > 20);
}

TEST_CASE("metrics: a group of which nothing was counted yet is there with zeros", "[daemon]") {
  MetricsFacts facts = facts_of_web();
  facts.tallies.clear();
  const std::string page = metrics_page(facts);
  CHECK(has_line(page, "superd_rolls_total{group=\"web\",result=\"done\"} 0"));
  CHECK(has_line(page, "superd_worker_kills_total{group=\"web\"} 0"));
  CHECK(has_line(page, "superd_roll_duration_seconds_count{group=\"web\"} 0"));
}

}  // namespace superd::daemon
