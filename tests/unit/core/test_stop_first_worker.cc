#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

GroupSpec stop_first(int workers = 1) {
  GroupSpec spec = group_spec("web", workers);
  spec.roll.strategy = RollStrategy::stop_first;
  spec.roll.on_failure = OnFailure::hold;
  return spec;
}

// `web` with ready workers; they are obedient.
Bench serving(int workers, int max_starting = 100) {
  Bench bench({stop_first(workers)}, max_starting);
  bench.start("web");
  for (int i = 1; i <= workers; ++i) bench.becomes_ready("web." + std::to_string(i));
  return bench;
}

std::vector<int> generations(const Bench& bench) {
  std::vector<int> found;
  for (const Worker& worker : bench.group("web").workers) {
    found.push_back(worker.life ? worker.life->generation : 0);
  }
  return found;
}

}  // namespace

TEST_CASE("stop-first: one worker leaves and starts again by the recipe in force", "[core]") {
  Bench bench = serving(2);
  const CommandId restart = bench.restart("web.2");
  CHECK(bench.state("web.2") == WorkerState::starting);
  CHECK_FALSE(bench.answer(restart).has_value());
  bench.becomes_ready("web.2");
  CHECK(bench.answer(restart)->ok);
  CHECK(bench.spawns("web.1").size() == 1);
  CHECK(bench.spawns("web.2").size() == 2);
  CHECK(generations(bench) == std::vector<int>{1, 1});
  CHECK(bench.worker("web.2").restarts == 0);
  CHECK(bench.count<MakeRecipe>() == 1);
}

TEST_CASE("stop-first: one worker that was stopped, failed or in backoff starts", "[core]") {
  GroupSpec spec = stop_first();
  SECTION("stopped") {
    Bench bench(spec);
    bench.restart("web.1");
    CHECK(bench.state("web.1") == WorkerState::starting);
  }
  SECTION("failed") {
    spec.respawn.policy = RespawnPolicy::never;
    Bench bench(spec);
    bench.start("web");
    bench.ends("web.1", Exit::with_status(1));
    bench.restart("web.1");
    CHECK(bench.state("web.1") == WorkerState::starting);
  }
  SECTION("backoff") {
    Bench bench(spec);
    bench.start("web");
    bench.ends("web.1", Exit::with_status(1));
    bench.restart("web.1");
    CHECK(bench.state("web.1") == WorkerState::starting);
    CHECK(bench.worker("web.1").restarts == 0);
  }
}

TEST_CASE(
    "stop-first: a worker that is not ready yet is replaced, and both commands learn of the new "
    "one",
    "[core]") {
  Bench bench(stop_first());
  const CommandId start = bench.start("web");
  const CommandId restart = bench.restart("web.1");
  CHECK_FALSE(bench.answer(start).has_value());
  CHECK(bench.spawns("web.1").size() == 2);
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
  CHECK(bench.answer(restart)->ok);
}

TEST_CASE("stop-first: a new process that fails fails the restart of one worker", "[core]") {
  Bench bench = serving(1);
  const CommandId restart = bench.restart("web.1");
  bench.ends("web.1", Exit::with_status(4));
  CHECK_FALSE(bench.answer(restart)->ok);
  CHECK(bench.answer(restart)->workers.at(0).exit == Exit::with_status(4));
}
