#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Beside the shop under load: a group that is started and stopped, one whose count changes, and one
// that writes numbered lines into files that are rotated all the time.
constexpr const char* kOthers = R"(
[group.side]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["unix:@DIR@/side.sock"]
ready   = { when = "delay", delay = "50ms" }

[group.count]
command = ["@WORKER@", "serve"]
workers = 2
listen  = ["unix:@DIR@/count.sock"]
ready   = { when = "delay", delay = "20ms" }

[group.clock]
command = ["@WORKER@", "tick"]
ready   = { when = "delay", delay = "20ms" }
log     = { max_size = "4KiB", keep = 100 }
)";
constexpr const char* kCountOfWorkers =
    "[group.count]\ncommand = [\"@WORKER@\", \"serve\"]\nworkers = ";

// Kills superd's processes while it has much to do. Everything follows from the seed but when
// things happen.
class Chaos {
 public:
  Chaos(Site& site, std::uint64_t seed) : site_(site), random_(seed) { begin(); }

  // Something is asked for, and then, at any moment of it, something is killed.
  void turn() {
    ask();
    std::this_thread::sleep_for(std::chrono::milliseconds(below(120)));
    kill_something();
  }

  // Waits until superd has done all that was asked of it.
  void calm_down() {
    REQUIRE(reaches("web", 4));
    REQUIRE(ctl({"start", "side", "--timeout", "60s"}) == 0);
    REQUIRE(reaches("side", 2));
    REQUIRE(reaches("count", count_));
    REQUIRE(reaches("clock", 1));
  }

  [[nodiscard]] const Superd& superd() const { return *superd_; }
  [[nodiscard]] int lost_loggers() const { return loggers_; }
  [[nodiscard]] const std::map<std::string, int>& done() const { return done_; }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  int ctl(const std::vector<std::string>& arguments) { return site_.ctl(arguments).exit; }
  void begin() { superd_ = std::make_unique<Superd>(site_); }

  // Nothing of this has to succeed: superd may be gone in the middle of it.
  void ask() {
    switch (below(6)) {
      case 0:
      case 1:
        ++done_["roll"];
        ctl({"restart", "web", "--no-wait", "--timeout", "1s"});
        break;
      case 2:
        ++done_["stop"];
        ctl({"stop", "side", "--no-wait", "--timeout", "1s"});
        break;
      case 3:
        ++done_["start"];
        ctl({"start", "side", "--no-wait", "--timeout", "1s"});
        break;
      case 4: {
        ++done_["apply"];
        const int before = count_;
        count_ = 1 + static_cast<int>(below(4));
        std::string config = site_.read("superd.toml");
        const std::string key = site_.expand(kCountOfWorkers);
        const std::size_t at = config.find(key);
        REQUIRE(at != std::string::npos);
        config.replace(at + key.size(), std::to_string(before).size(), std::to_string(count_));
        site_.write("superd.toml", config);
        superd_->program().signal(SIGHUP);
        break;
      }
      default:
        ++done_["restart of all"];
        ctl({"restart", "side", "count", "--no-wait", "--timeout", "1s"});
    }
  }

  void kill_something() {
    switch (below(11)) {
      case 0:
        ++done_["logger killed"];
        ++loggers_;
        kill_one(superd_->logger());
        break;
      case 1:
        ++done_["upgrade"];
        superd_->program().signal(SIGUSR2);
        break;
      case 2:
        ++done_["all killed"];
        ++loggers_;
        kill_all();
        break;
      case 3:
        ++done_["keeper killed"];
        ++loggers_;
        kill_keeper();
        break;
      default:
        ++done_["supervisor killed"];
        kill_one(superd_->supervisor());
    }
  }

  static void kill_one(pid_t pid) {
    if (pid > 0) ::kill(pid, SIGKILL);
  }

  void kill_all() {
    const pid_t supervisor = superd_->supervisor();
    const pid_t logger = superd_->logger();
    superd_->program().signal(SIGKILL);
    kill_one(supervisor);
    kill_one(logger);
    begin_again(supervisor, logger);
  }

  // The other two have to leave by themselves.
  void kill_keeper() {
    const pid_t supervisor = superd_->supervisor();
    const pid_t logger = superd_->logger();
    superd_->program().signal(SIGKILL);
    begin_again(supervisor, logger);
  }

  void begin_again(pid_t supervisor, pid_t logger) {
    const auto gone = [](pid_t pid) { return pid <= 0 || !proc::alive(pid); };
    REQUIRE(wait_until(kSoon, [&] { return gone(supervisor) && gone(logger); }));
    superd_.reset();
    begin();
  }

  // A HUP that came while nobody could take it is asked for again.
  bool reaches(const std::string& name, int workers) {
    return wait_until(std::chrono::minutes(2), [&] {
      if (site_.ctl({"ping"}).exit != 0) return false;
      const auto group = site_.group(name);
      const int there = static_cast<int>(group.at("workers").size());
      if (name == "count" && there != workers) ctl({"apply", "--timeout", "20s"});
      return group.at("state") == "running" && there == workers &&
             site_.main_pids(name).size() == static_cast<std::size_t>(workers);
    });
  }

  Site& site_;
  std::mt19937_64 random_;
  std::unique_ptr<Superd> superd_;
  std::map<std::string, int> done_;
  int count_ = 2;
  int loggers_ = 0;
};

struct Ticks {
  int lost = 0;
  int doubled = 0;
  int last = 0;
};

// Over all files of the worker, whatever their order: each number counts once.
Ticks read_ticks(const Site& site) {
  std::map<int, int> seen;
  for (const auto& entry : std::filesystem::directory_iterator(site.path("log"))) {
    if (!entry.path().filename().string().starts_with("clock.1.log")) continue;
    const std::string text = site.read("log/" + entry.path().filename().string());
    for (std::size_t at = text.find(" tick "); at != std::string::npos;
         at = text.find(" tick ", at + 1)) {
      ++seen[std::atoi(text.c_str() + at + 6)];
    }
  }
  Ticks ticks;
  for (const auto& [number, times] : seen) {
    ticks.last = std::max(ticks.last, number);
    if (times > 1) ++ticks.doubled;
  }
  ticks.lost = ticks.last - static_cast<int>(seen.size());
  return ticks;
}

std::uint64_t seed() {
  const char* given = std::getenv("SUPERD_CHAOS_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

void run_chaos(int kills) {
  if (!installed(Runner::gunicorn_gthread)) skip("gunicorn is not installed");
  const std::uint64_t from = seed();
  INFO("SUPERD_CHAOS_SEED=" << from);
  Site site(config({.runner = Runner::gunicorn_gthread, .workers = 4}) + kOthers);
  const Releases releases(site);
  Chaos chaos(site, from);
  REQUIRE(site.reaches("web", "running", 60s));
  REQUIRE(site.reaches("clock", "running", 60s));
  const pid_t clock = site.main_pid("clock.1");
  Load load(load_on(site));

  for (int i = 0; i < kills; ++i) chaos.turn();
  chaos.calm_down();
  REQUIRE(load.goes_on());
  const LoadReport report = load.stop();

  const Ticks ticks = read_ticks(site);
  std::cout << "chaos: seed " << from << ":";
  for (const auto& [name, times] : chaos.done()) std::cout << " " << name << " " << times << ",";
  std::cout << " " << report.asked << " requests, " << report.failed.size() << " failed, "
            << ticks.last << " lines, " << ticks.lost << " lost, " << ticks.doubled << " doubled\n";
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(site.main_pid("clock.1") == clock);
  CHECK(site.worker("clock.1").at("restarts") == 0);
  std::vector<std::string> wrong;
  wait_until(kSoon, [&] { return (wrong = site.misnamed()).empty(); });
  CHECK_THAT(wrong, Catch::Equals(std::vector<std::string>{}));
  CHECK(wait_until(kSoon, [&] { return proc::zombies_below(chaos.superd().keeper()).empty(); }));
  // A logger that is killed between reading and writing loses what it had read, and one that is
  // killed after writing has it again (superd.toml(5), LOGS).
  CHECK(ticks.lost <= chaos.lost_loggers());
  CHECK(ticks.doubled <= chaos.lost_loggers());
}

}  // namespace

TEST_CASE("chaos: superd is killed in whatever it does, and no request, worker or line is lost",
          "[root]") {
  run_chaos(20);
}

TEST_CASE("chaos: two hundred kills", "[full]") { run_chaos(200); }

}  // namespace superd::scenario
