#include <algorithm>

#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

TEST_CASE("max_starting: no more workers than that are being started at a time, over all groups",
          "[core]") {
  Bench bench({group_spec("a", 2), group_spec("b", 2)}, 2);
  bench.start("a");
  bench.start("b");
  CHECK(bench.count<Spawn>() == 2);
  CHECK(bench.state("b.1") == WorkerState::starting);
  CHECK(bench.worker("b.1").queued);
  bench.becomes_ready("a.2");
  CHECK(bench.count<Spawn>() == 3);
  CHECK(bench.spawns("b.1").size() == 1);
  bench.becomes_ready("a.1");
  CHECK(bench.spawns("b.2").size() == 1);
}

TEST_CASE("max_starting: a start that fails gives its place to the next", "[core]") {
  Bench bench({group_spec("web", 2)}, 1);
  bench.start("web");
  bench.ends("web.1", Exit::with_status(1));
  CHECK(bench.spawns("web.2").size() == 1);
}

TEST_CASE(
    "max_starting: a worker that is asked to leave before it is ready gives its place to the "
    "next",
    "[core]") {
  Bench bench({group_spec("web", 2)}, 1);
  bench.start("web");
  bench.manners = Bench::Manners::silent;
  bench.stop("web.1");
  CHECK(bench.spawns("web.2").size() == 1);
}

TEST_CASE("max_starting: respawns wait for their turn as starts do, first come first served",
          "[core]") {
  Bench bench({group_spec("web", 3)}, 1);
  bench.start("web");
  for (const char* worker : {"web.1", "web.2", "web.3"}) bench.becomes_ready(worker);
  bench.advance(10s);
  bench.ends("web.3", Exit::by_signal(9));
  bench.ends("web.1", Exit::by_signal(9));
  bench.ends("web.2", Exit::by_signal(9));
  CHECK(bench.spawns("web.3").size() == 2);
  CHECK(bench.spawns("web.1").size() == 1);
  bench.becomes_ready("web.3");
  CHECK(bench.spawns("web.1").size() == 2);
  CHECK(bench.spawns("web.2").size() == 1);
}

TEST_CASE("max_starting: a worker that was stopped while it waited has lost its place", "[core]") {
  Bench bench({group_spec("web", 3)}, 1);
  bench.start("web");
  bench.stop("web.2");
  bench.start("web.2");
  bench.becomes_ready("web.1");
  CHECK(bench.spawns("web.3").size() == 1);
  CHECK(bench.spawns("web.2").empty());
}

TEST_CASE("max_starting: ready.timeout counts from the worker's turn, not from the request",
          "[core]") {
  Bench bench({group_spec("web", 2)}, 1);
  bench.start("web");
  bench.advance(50s);
  bench.becomes_ready("web.1");
  bench.advance(59s);
  CHECK(bench.state("web.2") == WorkerState::starting);
}

TEST_CASE("spawns: their ids count up from the first one given, and none comes twice", "[core]") {
  Supervision core({.first_spawn = 77, .max_starting = 4});
  core.add_group(group_spec("web"));
  const auto spawn_of = [](const std::vector<Effect>& effects) {
    for (const Effect& effect : effects) {
      if (const auto* spawn = std::get_if<Spawn>(&effect)) return spawn->spawn;
    }
    return SpawnId{};
  };
  const TimePoint now{1h};
  const SpawnId first = spawn_of(core.handle(
      StartRequested{.command = CommandId{1}, .target = {.group = "web", .worker = 0}, .cause = {}},
      now));
  CHECK(first == SpawnId{77});
  REQUIRE(core.owner(first) != nullptr);
  CHECK(core.owner(first)->ref == WorkerRef{.group = "web", .number = 1});
  core.handle(RestartRequested{.command = CommandId{2},
                               .target = {.group = "web", .worker = 1},
                               .cause = {},
                               .pace = Pace::at_once},
              now);
  core.handle(MainExited{.spawn = first, .exit = Exit::by_signal(15)}, now);
  CHECK(core.owner(first) != nullptr);
  CHECK(spawn_of(core.handle(TreeGone{.spawn = first}, now)) == SpawnId{78});
  CHECK(core.owner(first) == nullptr);
}

TEST_CASE("start: while an earlier supervisor's workers leave, new ones wait and can be stopped",
          "[core]") {
  Supervision core({.first_spawn = 1, .max_starting = 4, .hold_starts = true});
  core.add_group(group_spec("web", 1));
  core.add_group(group_spec("api", 1));
  const TimePoint now{};
  const auto spawns = [](const std::vector<Effect>& effects) {
    return std::count_if(effects.begin(), effects.end(),
                         [](const Effect& e) { return std::holds_alternative<Spawn>(e); });
  };
  for (const char* group : {"web", "api"}) {
    CHECK(spawns(core.handle(StartRequested{.command = CommandId{1},
                                            .target = {.group = group, .worker = 0},
                                            .cause = "boot"},
                             now)) == 0);
  }
  CHECK(core.find("web")->state == GroupState::starting);
  core.handle(
      StopRequested{
          .command = CommandId{2}, .target = {.group = "api", .worker = 0}, .cause = "command"},
      now);
  CHECK(core.find("api")->state == GroupState::stopped);
  CHECK(spawns(core.handle(StartsAllowed{}, now)) == 1);
}
