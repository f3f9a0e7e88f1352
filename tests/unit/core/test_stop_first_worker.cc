#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

TEST_CASE("stop-first: one worker leaves and starts again by the recipe in force", "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
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
  GroupSpec spec = stop_first_spec("web");
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
  Bench bench(stop_first_spec("web"));
  const CommandId start = bench.start("web");
  const CommandId restart = bench.restart("web.1");
  CHECK_FALSE(bench.answer(start).has_value());
  CHECK(bench.spawns("web.1").size() == 2);
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
  CHECK(bench.answer(restart)->ok);
}

TEST_CASE("stop-first: a new process that fails fails the restart of one worker", "[core]") {
  Bench bench = serving(stop_first_spec("web", 1));
  const CommandId restart = bench.restart("web.1");
  bench.ends("web.1", Exit::with_status(4));
  CHECK_FALSE(bench.answer(restart)->ok);
  CHECK(bench.answer(restart)->workers.at(0).exit == Exit::with_status(4));
}
