#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

// Healthy code in random time: new processes become ready when they like, old ones take as long as
// they like to leave, and restarts come in between.
class HealthyRolls {
 public:
  explicit HealthyRolls(std::uint64_t seed)
      : random_(seed), spec_(random_spec()), bench_({spec_}, 1 + pick(4)) {
    bench_.manners = Bench::Manners::silent;
    bench_.start("web");
    while (bench_.ready("web") < spec_.workers) someone_acts();
  }

  void restart_three_times() {
    for (int i = 0; i < 3; ++i) {
      answers_.push_back(bench_.restart("web"));
      for (int steps = pick(30); steps > 0; --steps) someone_acts();
    }
  }

  void settle() {
    for (int i = 0; i < 100'000 && (bench_.group("web").roll || bench_.armed_timers() > 0); ++i) {
      someone_acts();
    }
    for (const CommandId command : answers_) CHECK(bench_.answer(command).value().ok);
    for (const Worker& worker : bench_.group("web").workers) {
      CHECK(worker.draining.empty());
      CHECK(worker.life.value().generation == bench_.group("web").in_force);
      for (const SpawnId spawn : bench_.spawns(to_string(worker.ref))) {
        CHECK(bench_.process(spawn).forgotten == (spawn != worker.life->spawn));
      }
    }
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  GroupSpec random_spec() {
    GroupSpec spec = group_spec("web", 1 + pick(8));
    spec.roll.batch = pick(2) == 0 ? BatchSpec{.workers = 1 + pick(4)} : BatchSpec{.percent = 50};
    if (pick(3) == 0) spec.ready.soak = std::chrono::milliseconds(pick(3000));
    spec.ready.timeout = 1h;
    spec.stop.timeout = 1h;
    return spec;
  }

  void someone_acts() {
    const Worker& worker =
        bench_.group("web").workers.at(static_cast<std::size_t>(pick(spec_.workers)));
    if (const auto& coming = worker.next ? worker.next : worker.life; coming && pick(2) == 0) {
      if (executed_.insert(coming->spawn).second) {
        bench_.executes(coming->spawn);
      } else if (!coming->ready_since) {
        bench_.send(ReadinessSeen{.spawn = coming->spawn});
      }
    } else if (!worker.draining.empty() && pick(4) == 0) {
      const SpawnId old = worker.draining.front().spawn;
      if (bench_.process(old).main_gone) {
        bench_.tree_gone(old);
      } else {
        bench_.main_exits(old, Exit::with_status(0));
      }
    } else {
      bench_.advance(std::chrono::milliseconds(pick(2000)));
    }
    if (full_) REQUIRE(bench_.ready("web") >= spec_.workers);
    full_ = full_ || bench_.ready("web") == spec_.workers;
  }

  std::mt19937_64 random_;
  GroupSpec spec_;
  Bench bench_;
  std::set<SpawnId> executed_;
  std::vector<CommandId> answers_;
  bool full_ = false;
};

}  // namespace

TEST_CASE("random: in a rolling restart of healthy code never fewer workers are ready than before",
          "[core]") {
  const std::uint64_t first = std::random_device()();
  for (std::uint64_t seed = first; seed < first + 200; ++seed) {
    CAPTURE(seed);
    HealthyRolls rolls(seed);
    rolls.restart_three_times();
    rolls.settle();
  }
}
