#include <catch2/catch.hpp>

#include "core_fixture.h"

namespace superd::core {
namespace {

using Generations = std::vector<int>;

// Both workers of `web` serve by generation 1 and end when the test says so.
Bench slow_to_leave() {
  Bench bench = serving(group_spec("web", 2));
  bench.manners = Bench::Manners::silent;
  return bench;
}

TEST_CASE("demand: old processes are asked to leave at once, and the group waits for a connection",
          "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const CommandId trigger = bench.restart("web", Pace::on_demand);
  CHECK(bench.answer(trigger)->ok);
  CHECK(bench.group("web").state == GroupState::waiting);
  CHECK(bench.count<WatchDemand>() == 1);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("demand: the next connection starts all workers by a new recipe", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.restart("web", Pace::on_demand);
  CHECK(bench.recipes().size() == 1);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.count<UnwatchDemand>() == 1);
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(generations(bench) == Generations{2, 2});
  CHECK(bench.group("web").in_force == 2);
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE("demand: the new processes do not wait for requests that old ones still serve",
          "[core]") {
  Bench bench = slow_to_leave();
  const SpawnId old = bench.current("web.1");
  bench.restart("web", Pace::on_demand);
  CHECK(bench.process(old).main_signals.size() == 1);
  CHECK(bench.group("web").state == GroupState::stopping);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.spawns("web.1").size() == 2);
  CHECK(bench.group("web").state == GroupState::starting);
  CHECK_FALSE(bench.process(old).forgotten);
  bench.advance(std::chrono::seconds(35));
  CHECK(bench.process(old).kills == 1);
}

TEST_CASE("demand: a connection that nobody waits for starts nothing", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("demand: a second trigger while the group waits makes no difference", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web", Pace::on_demand);
  CHECK(bench.answer(bench.restart("web", Pace::on_demand))->ok);
  CHECK(bench.count<WatchDemand>() == 1);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.spawns("web.1").size() == 2);
}

TEST_CASE("demand: a group that never ran waits for its first connection", "[core]") {
  Bench bench(group_spec("web", 2));
  bench.restart("web", Pace::on_demand);
  CHECK(bench.group("web").state == GroupState::waiting);
  CHECK(bench.recipes().empty());
  bench.send(ConnectionWaits{.group = "web"});
  bench.becomes_ready("web.1");
  CHECK(bench.worker("web.1").life->generation == 1);
}

TEST_CASE("demand: a stop ends the waiting, and a connection starts nothing any more", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web", Pace::on_demand);
  CHECK(bench.answer(bench.stop("web"))->ok);
  CHECK(bench.group("web").state == GroupState::stopped);
  CHECK(bench.count<UnwatchDemand>() == 1);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("demand: a start does not wait for a connection, and goes by the new recipe", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web", Pace::on_demand);
  bench.start("web");
  bench.becomes_ready("web.1");
  CHECK(bench.worker("web.1").life->generation == 2);
  CHECK(bench.count<UnwatchDemand>() == 1);
}

TEST_CASE("demand: a start or restart of one worker starts a waiting group as a whole", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.restart("web", Pace::on_demand);
  CommandId asked{};
  SECTION("start") { asked = bench.start("web.1"); }
  SECTION("restart") { asked = bench.restart("web.1"); }
  bench.becomes_ready("web.1");
  CHECK_FALSE(bench.answer(asked).has_value());
  bench.becomes_ready("web.2");
  CHECK(bench.answer(asked)->ok);
  CHECK(generations(bench) == Generations{2, 2});
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE("demand: during a roll the trigger acts after it", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web");
  const CommandId trigger = bench.restart("web", Pace::on_demand);
  CHECK_FALSE(bench.answer(trigger).has_value());
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(trigger)->ok);
  CHECK(bench.group("web").state == GroupState::waiting);
}

TEST_CASE("demand: with a restart that waits for the roll in hand, the restart is enough",
          "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web");
  bench.restart("web", Pace::on_demand);
  const CommandId restart = bench.restart("web");
  bench.next_becomes_ready("web.1");
  CHECK(bench.group("web").state == GroupState::rolling);
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(restart)->ok);
  CHECK(generations(bench) == Generations{3});
}

TEST_CASE("demand: workers that had failed start as well", "[core]") {
  GroupSpec spec = group_spec("web", 2);
  spec.respawn.policy = RespawnPolicy::never;
  Bench bench = serving(spec);
  bench.ends("web.2", Exit::with_status(1));
  bench.restart("web", Pace::on_demand);
  CHECK(bench.group("web").state == GroupState::waiting);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.state("web.2") == WorkerState::starting);
}

TEST_CASE("idle: the group goes without processes, and starts by the recipe in force", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.send(GroupIdle{.group = "web"});
  CHECK(bench.group("web").state == GroupState::waiting);
  bench.send(ConnectionWaits{.group = "web"});
  bench.becomes_ready("web.1");
  CHECK(bench.worker("web.1").life->generation == 1);
  CHECK(bench.worker("web.1").cause == "demand");
}

TEST_CASE("idle: a roll in hand is not idle", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web");
  bench.send(GroupIdle{.group = "web"});
  CHECK(bench.group("web").state == GroupState::rolling);
  CHECK(bench.count<WatchDemand>() == 0);
}

TEST_CASE("demand: a connection starts what the group depends on first", "[core]") {
  Bench bench({needing(group_spec("web"), {"cache"}), group_spec("cache")});
  bench.restart("web", Pace::on_demand);
  bench.send(ConnectionWaits{.group = "web"});
  CHECK(bench.spawns("web.1").empty());
  bench.becomes_ready("cache.1");
  CHECK(bench.spawns("web.1").size() == 1);
}

}  // namespace
}  // namespace superd::core
