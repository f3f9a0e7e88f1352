#include <algorithm>
#include <csignal>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

#include "harness/beside.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Each process writes `PID-1 `, `PID-2 ` … with so much behind them that its file rotates.
std::string counting(const std::string& more) {
  return R"(
[group.web]
command = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $$-$i $PAD; sleep 0.01; done"]
env     = { PAD = ")" +
         std::string(600, 'x') + R"(" }
ready   = { when = "delay", delay = "50ms" }
log     = { max_size = "64KiB", keep = 100 }
)" + more;
}

// The numbers of each process, as they came.
std::map<std::string, std::vector<int>> counted(const std::string& text) {
  std::map<std::string, std::vector<int>> numbers;
  std::istringstream stream(text);
  std::string line;
  while (std::getline(stream, line) && !stream.eof()) {
    std::size_t begin = 0;
    if (line.starts_with("web.")) begin = line.find("| ") + 2;
    const auto dash = line.find('-', begin);
    const auto blank = line.find(' ', begin);
    if (dash == begin || blank == std::string::npos || dash > blank) continue;
    numbers[line.substr(begin, dash - begin)].push_back(std::stoi(line.substr(dash + 1)));
  }
  return numbers;
}

}  // namespace

TEST_CASE(
    "logs -f: every line comes once and in order, over rotation, crashes, an upgrade and a "
    "restart",
    "[all]") {
  Site site(counting(""));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  Beside follower(site, "followed", {"logs", "-f", "--since", "1h", "web"});
  const auto grows_by = [&](int lines) {
    const auto all = [&] {
      std::size_t count = 0;
      for (const auto& [pid, numbers] : counted(follower.text())) count += numbers.size();
      return count;
    };
    const std::size_t before = all();
    return wait_until(kSoon, [&] { return all() >= before + static_cast<std::size_t>(lines); });
  };
  REQUIRE(grows_by(120));
  REQUIRE(superd.kill_supervisor());
  REQUIRE(grows_by(50));
  ::kill(superd.logger(), SIGKILL);
  REQUIRE(grows_by(50));
  REQUIRE(site.ctl({"upgrade"}).exit == 0);
  REQUIRE(grows_by(50));
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  REQUIRE(grows_by(50));
  follower.program().signal(SIGINT);
  CHECK(follower.program().wait(kSoon) == 130);
  const std::string text = follower.text();
  const auto all = counted(text);
  CHECK(all.size() == 2);
  const auto kept = counted(site.ctl({"logs", "web", "-n", "10000"}).out);
  for (const auto& [pid, numbers] : all) {
    INFO("process " << pid);
    const std::vector<int>& expected = kept.at(pid);
    REQUIRE(numbers.size() <= expected.size());
    CHECK(std::equal(numbers.begin(), numbers.end(), expected.begin()));
    CHECK(numbers.size() > 40);
    CHECK_THAT(text, Catch::Contains("process " + pid + " started") ||
                         Catch::Contains("process " + pid + " was killed by signal 15 (TERM)"));
  }
  CHECK(!(site.read("log/web.1.log.2") + site.read("log/web.1.log.2.gz")).empty());
}

TEST_CASE("logs -f: workers that come later are shown, with their names", "[all]") {
  Site site(counting(""));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  Beside follower(site, "followed", {"logs", "-f", "-n", "1", "web"});
  Beside json(site, "json", {"--json", "logs", "-f", "-n", "1", "web"});
  REQUIRE(wait_until(kSoon, [&] { return follower.text().find('\n') != std::string::npos; }));
  REQUIRE(wait_until(kSoon, [&] { return json.text().find('\n') != std::string::npos; }));
  CHECK_THAT(follower.text(), !Catch::Contains("web.1 | "));
  // None of those that are there, but what comes.
  const std::string there = site.ctl({"logs", "-n", "1000", "web"}).out;
  CHECK(site.ctl({"logs", "-n", "0", "web"}).out.empty());
  Beside fresh(site, "fresh", {"logs", "-f", "-n", "0", "web"});
  REQUIRE(wait_until(kSoon, [&] { return fresh.text().find('\n') != std::string::npos; }));
  CHECK(there.find(fresh.text().substr(0, fresh.text().find('\n') + 1)) == std::string::npos);
  std::string config = site.read("superd.toml");
  config.insert(config.find("command ="), "workers = 2\n");
  site.write("superd.toml", config);
  REQUIRE(site.ctl({"apply"}).exit == 0);
  CHECK(wait_until(kSoon, [&] {
    const std::string text = follower.text();
    return text.find("web.2 | -- process ") != std::string::npos &&
           text.find("\nweb.1 | ") != std::string::npos;
  }));
  CHECK(wait_until(kSoon, [&] {
    return json.text().find(R"("worker":"web.2","stream":"stdout")") != std::string::npos;
  }));
  std::istringstream lines(json.text().substr(0, json.text().rfind('\n')));
  for (std::string line; std::getline(lines, line);) {
    CHECK(nlohmann::json::parse(line, nullptr, false).is_object());
  }
}

TEST_CASE("logs --stream, --since and -t: one stream, from a time on, with times", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "say", "to standard output", "to standard error"]
ready   = { when = "delay", delay = "50ms" }
[group.raw]
command = ["@WORKER@", "say", "without a time"]
ready   = { when = "delay", delay = "50ms" }
log     = { format = "raw" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.reaches("raw", "running"));
  CHECK(site.ctl({"logs", "web", "--stream", "stderr"}).out == "to standard error\n");
  CHECK(site.ctl({"logs", "web", "--since", "1h", "--stream", "stdout"}).out ==
        "to standard output\n");
  CHECK(site.ctl({"logs", "web", "--since", "2099-01-01T00:00:00Z"}).out.empty());
  CHECK_THAT(site.ctl({"logs", "web", "-t", "--stream", "stderr"}).out,
             Catch::Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z to standard error\n)"));
  const auto raw = site.ctl({"logs", "raw", "-t"});
  CHECK_THAT(raw.out, Catch::Contains("- without a time\n"));
  CHECK_THAT(raw.err, Catch::Contains("have no times"));
  CHECK(site.ctl({"logs", "web", "--since", "812"}).exit == 2);
  CHECK(site.ctl({"logs", "web", "--stream", "both"}).exit == 2);
}

TEST_CASE("logs -f: a superd that is shut down is waited for, and its next one followed", "[all]") {
  Site site(counting(""));
  std::optional<Superd> superd(std::in_place, site);
  REQUIRE(site.reaches("web", "running"));
  Beside group(site, "group", {"logs", "-f", "web"});
  Beside worker(site, "worker", {"logs", "-f", "web.1"});
  const std::vector<Beside*> both = {&group, &worker};
  const auto count = [](Beside* one) { return counted(one->text()).size(); };
  for (Beside* one : both) REQUIRE(wait_until(kSoon, [&] { return count(one) == 1; }));
  superd->end();
  superd.reset();
  // Both have seen that nobody is there.
  CHECK(site.ctl({"ping"}).exit == 5);
  superd.emplace(site);
  REQUIRE(site.reaches("web", "running"));
  for (Beside* one : both) {
    CHECK(wait_until(kSoon, [&] { return count(one) == 2; }));
    one->program().signal(SIGINT);
    CHECK(one->program().wait(kSoon) == 130);
  }
}

TEST_CASE("logs -f: a superd that does not come back is given up", "[all]") {
  Site site(counting(""));
  std::optional<Superd> superd(std::in_place, site);
  REQUIRE(site.reaches("web", "running"));
  Beside follower(site, "followed", {"logs", "-f", "web"});
  REQUIRE(wait_until(kSoon, [&] { return counted(follower.text()).size() == 1; }));
  superd->end();
  CHECK(follower.program().wait(kSoon) == 5);
  CHECK_THAT(follower.text(), Catch::Contains("superd has gone and did not come back"));
}

TEST_CASE("logs -f: ends quietly when nobody reads it any more", "[all]") {
  Site site(counting(""));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const Outcome head = run({"sh", "-c",
                            programs().superctl + " -s " + site.control() +
                                " logs -f web | head -n 3 | cut -d- -f1 | uniq | wc -l"});
  CHECK(head.exit == 0);
  CHECK_THAT(head.out, Catch::Contains("1"));
  CHECK(head.err.empty());
}

}  // namespace superd::scenario
