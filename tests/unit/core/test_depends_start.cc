#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;
using Causes = std::vector<std::string>;

TEST_CASE("depends_on: a start starts what the group needs, and waits for it, over any steps",
          "[core]") {
  Bench bench(chain());
  const CommandId start = bench.start("web");
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK(bench.worker("web.1").message == "waits for cache");
  CHECK(bench.worker("cache.1").message == "waits for db");
  CHECK(bench.count<Spawn>() == 1);
  bench.becomes_ready("db.1");
  CHECK(bench.spawns("cache.1").size() == 1);
  CHECK(bench.spawns("web.1").empty());
  bench.becomes_ready("cache.1");
  CHECK(bench.spawns("web.1").size() == 1);
  CHECK(bench.worker("web.1").message.empty());
  CHECK(bench.core().waits_for("web").empty());
  CHECK_FALSE(bench.answer(start).has_value());
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
}

TEST_CASE("depends_on: what is started for another group carries the cause of that start",
          "[core]") {
  Bench bench(chain());
  bench.send(StartRequested{
      .command = CommandId{9}, .target = {.group = "web", .worker = 1}, .cause = "command uid=7"});
  for (const char* worker : {"db.1", "cache.1", "web.1"}) {
    CHECK(bench.worker(worker).cause == "command uid=7");
  }
  for (const Effect& effect : bench.effects()) {
    const auto* change = std::get_if<WorkerChanged>(&effect);
    if (change == nullptr || change->worker.group != "web") continue;
    CHECK(change->message == "waits for cache");
  }
}

TEST_CASE("depends_on: the start of one worker waits as that of the group does", "[core]") {
  Bench bench({needing(group_spec("web", 2), {"cache"}), group_spec("cache", 2)});
  const CommandId start = bench.start("web.2");
  bench.becomes_ready("cache.1");
  CHECK(bench.spawns("web.2").empty());
  bench.becomes_ready("cache.2");
  CHECK(bench.spawns("web.2").size() == 1);
  CHECK(bench.spawns("web.1").empty());
  bench.becomes_ready("web.2");
  CHECK(bench.answer(start)->ok);
}

TEST_CASE("depends_on: what is up is not started again, and nothing waits for it", "[core]") {
  Bench bench(chain());
  bench.start("cache");
  bench.becomes_ready("db.1");
  bench.becomes_ready("cache.1");
  const int spawns = bench.count<Spawn>();
  bench.start("web");
  CHECK(bench.count<Spawn>() == spawns + 1);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("depends_on: a job that has done its work counts, and is not done again", "[core]") {
  GroupSpec migrate = group_spec("migrate");
  migrate.respawn.policy = RespawnPolicy::on_failure;
  Bench bench({needing(group_spec("web"), {"migrate"}), migrate});
  const CommandId start = bench.start("web");
  bench.ends("migrate.1", Exit::with_status(0));
  REQUIRE(bench.state("migrate.1") == WorkerState::exited);
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
  bench.stop("web");
  bench.start("web");
  CHECK(bench.spawns("migrate.1").size() == 1);
  CHECK(bench.spawns("web.1").size() == 2);
}

TEST_CASE("depends_on: a failed first attempt answers the start, and the workers go on waiting",
          "[core]") {
  Bench bench(chain());
  const CommandId start = bench.start("web");
  bench.becomes_ready("db.1");
  const SpawnId failed = bench.current("cache.1");
  bench.ends("cache.1", Exit::with_status(1));
  CHECK(failure_of(bench, start) ==
        "waits for cache: cache.1 exited with status 1 before it was ready");
  CHECK(bench.answer(start)->workers.front().spawn == failed);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.advance(1s);
  bench.becomes_ready("cache.1");
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
}

TEST_CASE("depends_on: what fails further off is named itself", "[core]") {
  Bench bench(chain());
  const CommandId start = bench.start("web");
  bench.ends("db.1", Exit::with_status(3));
  CHECK(failure_of(bench, start) == "waits for db: db.1 exited with status 3 before it was ready");
}

TEST_CASE("depends_on: a start that comes later tries at once what failed, and has its own answer",
          "[core]") {
  Bench bench(chain());
  bench.start("web");
  bench.ends("db.1", Exit::with_status(3));
  REQUIRE(bench.state("db.1") == WorkerState::backoff);
  const CommandId again = bench.start("web");
  CHECK(bench.spawns("db.1").size() == 2);
  CHECK_FALSE(bench.answer(again).has_value());
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  CHECK(bench.answer(again)->ok);
}

TEST_CASE("depends_on: a worker that was given up is tried again by the start of what needs it",
          "[core]") {
  GroupSpec db = group_spec("db", 2);
  db.respawn.policy = RespawnPolicy::never;
  Bench bench({needing(group_spec("web"), {"db"}), db});
  bench.start("db");
  bench.becomes_ready("db.1");
  bench.ends("db.2", Exit::with_status(1));
  const CommandId start = bench.start("web");
  CHECK(bench.spawns("db.1").size() == 1);
  CHECK(bench.spawns("db.2").size() == 2);
  bench.becomes_ready("db.2");
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
}

TEST_CASE("depends_on: when a worker that is waited for is stopped, the start is answered so",
          "[core]") {
  Bench bench(chain());
  const CommandId start = bench.start("web");
  bench.stop("db.1");
  CHECK(failure_of(bench, start) == "waits for db: it was stopped");
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.start("db");
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  CHECK(bench.state("web.1") == WorkerState::ready);
}

TEST_CASE("depends_on: respawns, restarts and rolls of a group that runs wait for nothing",
          "[core]") {
  Bench bench = chain_up();
  bench.advance(10s);
  bench.stop("cache.1");
  REQUIRE(bench.group("cache").state == GroupState::stopped);
  bench.ends("web.1", Exit::by_signal(9));
  CHECK(bench.spawns("web.1").size() == 2);
  bench.becomes_ready("web.1");
  bench.restart("web");
  CHECK(bench.spawns("web.1").size() == 3);
  CHECK(bench.spawns("cache.1").size() == 1);
  CHECK(bench.state("cache.1") == WorkerState::stopped);
}

TEST_CASE("depends_on: the restart of a group does not restart those that depend on it", "[core]") {
  Bench bench = chain_up();
  bench.restart("db");
  bench.restart("cache.1");
  CHECK(bench.spawns("web.1").size() == 1);
  CHECK(bench.state("web.1") == WorkerState::ready);
}

TEST_CASE("depends_on: the restart of a group that is down starts what it needs", "[core]") {
  Bench bench = chain_up();
  bench.stop("db");
  REQUIRE(bench.group("web").state == GroupState::stopped);
  const CommandId restart = bench.restart("web");
  CHECK(bench.spawns("db.1").size() == 2);
  CHECK(bench.spawns("web.1").size() == 1);
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  CHECK(bench.answer(restart)->ok);
  CHECK(bench.process("web.1").generation == 2);
}

TEST_CASE("depends_on: roll.before of a group that is down runs when what it needs is up",
          "[core]") {
  std::vector<GroupSpec> specs = chain();
  specs.front().roll.before = {"check"};
  Bench bench(specs);
  bench.start("web");
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  bench.stop("db");
  const CommandId restart = bench.restart("web");
  CHECK(bench.count<RunBefore>() == 0);
  bench.becomes_ready("db.1");
  bench.becomes_ready("cache.1");
  REQUIRE(bench.count<RunBefore>() == 1);
  bench.send(BeforeEnded{.group = "web",
                         .roll = bench.group("web").roll->id,
                         .ok = true,
                         .message = {},
                         .output = {}});
  bench.becomes_ready("web.1");
  CHECK(bench.answer(restart)->ok);

  SECTION("unless the group is stopped before") {
    bench.stop("db");
    const CommandId other = bench.restart("web");
    bench.stop("web");
    CHECK_FALSE(bench.answer(other)->ok);
    CHECK(bench.count<RunBefore>() == 1);
    CHECK(bench.count<CancelBefore>() == 0);
  }
}

TEST_CASE("depends_on: a group that waits takes no turn and stands in nobody's way", "[core]") {
  Bench bench({needing(group_spec("web", 4), {"db"}), group_spec("db"), group_spec("api")}, 1);
  bench.start("web");
  bench.start("api");
  bench.ends("db.1", Exit::with_status(1));
  CHECK(bench.spawns("api.1").size() == 1);
  bench.becomes_ready("api.1");
  bench.advance(1s);
  bench.becomes_ready("db.1");
  CHECK(bench.spawns("web.1").size() == 1);
  CHECK(bench.spawns("web.2").empty());
}
