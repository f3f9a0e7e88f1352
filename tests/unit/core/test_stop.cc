#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

using Path = std::vector<std::string>;

namespace {

// A ready worker `web.1` that from now on does only what the test tells.
Bench serving(int workers = 1) {
  Bench bench(group_spec("web", workers));
  bench.start("web");
  for (int i = 1; i <= workers; ++i) bench.becomes_ready("web." + std::to_string(i));
  bench.manners = Bench::Manners::silent;
  return bench;
}

}  // namespace

TEST_CASE("stop: the main process gets stop.signal, and the answer comes when the tree is gone",
          "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  CHECK(bench.state("web.1") == WorkerState::stopping);
  CHECK(bench.process(spawn).main_signals == std::vector<int>{15});
  bench.main_exits(spawn, Exit::with_status(0));
  CHECK_FALSE(bench.answer(stop).has_value());
  CHECK_FALSE(bench.process(spawn).forgotten);
  bench.tree_gone(spawn);
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.process(spawn).forgotten);
  CHECK(bench.armed_timers() == 0);
  CHECK(bench.path("web.1") == Path{"stopped", "starting", "ready", "stopping", "stopped"});
}

TEST_CASE("stop: children that outlive the main process finish undisturbed until stop.timeout",
          "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  bench.main_exits(spawn, Exit::with_status(0));
  bench.advance(35s - 1ns);
  CHECK(bench.process(spawn).tree_signals.empty());
  CHECK(bench.process(spawn).kills == 0);
  CHECK_FALSE(bench.answer(stop));
  bench.advance(1ns);
  CHECK(bench.process(spawn).kills == 1);
}

TEST_CASE("stop: children of a main process that the signal itself killed get it too", "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  bench.stop("web");
  bench.main_exits(spawn, Exit::by_signal(15));
  CHECK(bench.process(spawn).tree_signals == std::vector<int>{15});
}

TEST_CASE("stop: a worker that ignores the signal is killed with its whole tree after stop.timeout",
          "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  bench.advance(35s - 1ns);
  CHECK(bench.process(spawn).kills == 0);
  bench.advance(1ns);
  CHECK(bench.process(spawn).kills == 1);
  bench.ends(spawn, Exit::by_signal(9));
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.armed_timers() == 0);
}

TEST_CASE("stop: KILL is repeated, a second apart; a worker that survives all is unkillable",
          "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  bench.advance(35s);
  for (int kills = 1; kills <= kMaxKills; ++kills) {
    CHECK(bench.process(spawn).kills == kills);
    CHECK(bench.state("web.1") == WorkerState::stopping);
    CHECK_FALSE(bench.answer(stop).has_value());
    bench.advance(1s);
  }
  CHECK(bench.state("web.1") == WorkerState::unkillable);
  CHECK_FALSE(bench.answer(stop)->ok);
  CHECK(bench.answer(stop)->workers.at(0).message == "has a process that cannot be killed");
  CHECK(bench.armed_timers() == 0);

  SECTION("commands for it fail at once") {
    CHECK_FALSE(bench.answer(bench.stop("web"))->ok);
    CHECK_FALSE(bench.answer(bench.start("web"))->ok);
    CHECK_FALSE(bench.answer(bench.restart("web.1"))->ok);
    CHECK_FALSE(bench.answer(bench.restart("web"))->ok);
  }
  bench.ends(spawn, Exit::by_signal(9));
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.process(spawn).forgotten);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE(
    "stop: an unkillable worker whose restart is pending starts when its process goes, unless "
    "it was stopped meanwhile",
    "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  CHECK_FALSE(bench.answer(bench.restart("web.1", Pace::at_once)).has_value());
  bench.advance(1min);
  REQUIRE(bench.state("web.1") == WorkerState::unkillable);
  SECTION("not stopped") {
    bench.ends(spawn, Exit::by_signal(9));
    CHECK(bench.state("web.1") == WorkerState::starting);
  }
  SECTION("stopped") {
    bench.stop("web.1");
    bench.ends(spawn, Exit::by_signal(9));
    CHECK(bench.state("web.1") == WorkerState::stopped);
  }
}

TEST_CASE("stop: a worker may ask for more time to leave, but not once it is killed", "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  bench.stop("web");
  bench.advance(30s);
  bench.send(TimeoutExtended{.spawn = spawn, .by = 60s});
  bench.advance(60s - 1ns);
  CHECK(bench.process(spawn).kills == 0);
  bench.advance(1ns);
  CHECK(bench.process(spawn).kills == 1);
  bench.send(TimeoutExtended{.spawn = spawn, .by = 60s});
  bench.advance(1s);
  CHECK(bench.process(spawn).kills == 2);
}

TEST_CASE("stop: a worker that is not ready yet is stopped, and its start has failed", "[core]") {
  Bench bench(group_spec("web"));
  const CommandId start = bench.start("web");
  const CommandId stop = bench.stop("web");
  REQUIRE(bench.answer(start).has_value());
  CHECK_FALSE(bench.answer(start)->ok);
  CHECK(bench.answer(start)->workers.at(0).message == "was stopped before it was ready");
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.state("web.1") == WorkerState::stopped);
}

TEST_CASE("stop: readiness that comes after the stop changes nothing", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.manners = Bench::Manners::silent;
  const SpawnId spawn = bench.current("web.1");
  bench.stop("web");
  bench.send(ReadinessSeen{.spawn = spawn});
  CHECK(bench.state("web.1") == WorkerState::stopping);
}

TEST_CASE("stop: a worker in backoff stops at once and is not tried again", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.ends("web.1", Exit::with_status(1));
  REQUIRE(bench.state("web.1") == WorkerState::backoff);
  CHECK(bench.answer(bench.stop("web"))->ok);
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.armed_timers() == 0);
  bench.advance(1h);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("stop: a worker that waits for its turn to start never starts", "[core]") {
  Bench bench({group_spec("web", 2)}, 1);
  const CommandId start = bench.start("web");
  CHECK(bench.spawns("web.2").empty());
  CHECK(bench.answer(bench.stop("web.2"))->ok);
  CHECK(bench.state("web.2") == WorkerState::stopped);
  bench.becomes_ready("web.1");
  CHECK(bench.spawns("web.2").empty());
  CHECK_FALSE(bench.answer(start)->ok);
}

TEST_CASE("stop: what is stopped, failed or exited is a stop that is done", "[core]") {
  GroupSpec spec = group_spec("web");
  spec.respawn.policy = RespawnPolicy::never;
  Bench bench(spec);
  CHECK(bench.answer(bench.stop("web"))->ok);
  for (const int status : {0, 1}) {
    bench.start("web");
    bench.ends("web.1", Exit::with_status(status));
    CHECK(bench.answer(bench.stop("web"))->ok);
    CHECK(bench.state("web.1") == WorkerState::stopped);
  }
}

TEST_CASE("stop: a second stop waits for the same end", "[core]") {
  Bench bench = serving();
  const CommandId one = bench.stop("web");
  const CommandId other = bench.stop("web.1");
  CHECK_FALSE(bench.answer(other).has_value());
  bench.ends("web.1", Exit::by_signal(15));
  CHECK(bench.answer(one)->ok);
  CHECK(bench.answer(other)->ok);
  CHECK(bench.count<SignalMain>() == 1);
}

TEST_CASE("stop: takes back a restart that waits for the old process to leave", "[core]") {
  Bench bench = serving();
  const CommandId restart = bench.restart("web.1", Pace::at_once);
  const CommandId stop = bench.stop("web.1");
  CHECK_FALSE(bench.answer(restart)->ok);
  bench.ends("web.1", Exit::by_signal(15));
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("timers: one that fires late, or for a process that serves, kills nothing", "[core]") {
  Bench bench = serving();
  const SpawnId spawn = bench.current("web.1");
  for (const TimerKind kind : {TimerKind::ready_delay, TimerKind::ready_timeout, TimerKind::soak,
                               TimerKind::kill, TimerKind::backoff, TimerKind::patience}) {
    bench.send(
        TimerFired{.key = {.kind = kind, .worker = {.group = "web", .number = 1}, .spawn = spawn}});
    CHECK(bench.state("web.1") == WorkerState::ready);
  }
  CHECK(bench.process(spawn).kills == 0);
  bench.stop("web");
  bench.ends(spawn, Exit::by_signal(15));
  const std::size_t before = bench.effects().size();
  bench.send(TimerFired{
      .key = {.kind = TimerKind::kill, .worker = {.group = "web", .number = 1}, .spawn = spawn}});
  bench.send(ReadinessSeen{.spawn = spawn});
  bench.send(MainExited{.spawn = spawn, .exit = Exit::with_status(0)});
  bench.send(TreeGone{.spawn = spawn});
  CHECK(bench.effects().size() == before);
}
