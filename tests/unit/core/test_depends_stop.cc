#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;
using Causes = std::vector<std::string>;

TEST_CASE(
    "depends_on: a stop stops what depends on the group first, and the group when no process "
    "of that is left",
    "[core]") {
  Bench bench = chain_up();
  bench.manners = Bench::Manners::silent;
  const CommandId stop = bench.stop("db");
  CHECK(bench.state("web.1") == WorkerState::stopping);
  CHECK(bench.worker("web.1").cause == "command");
  CHECK(bench.state("cache.1") == WorkerState::ready);
  bench.main_exits(bench.current("web.1"), Exit::with_status(0));
  CHECK(bench.state("cache.1") == WorkerState::ready);
  bench.tree_gone(bench.current("web.1"));
  CHECK(bench.state("cache.1") == WorkerState::stopping);
  CHECK(bench.state("db.1") == WorkerState::ready);
  bench.ends("cache.1", Exit::by_signal(15));
  CHECK(bench.state("db.1") == WorkerState::stopping);
  CHECK_FALSE(bench.answer(stop).has_value());
  bench.ends("db.1", Exit::by_signal(15));
  CHECK(bench.answer(stop)->ok);
}

TEST_CASE("depends_on: the stop of one worker concerns no other group", "[core]") {
  Bench bench = chain_up();
  bench.stop("db.1");
  CHECK(bench.state("db.1") == WorkerState::stopped);
  CHECK(bench.state("cache.1") == WorkerState::ready);
}

TEST_CASE("depends_on: a stop waits for no process that cannot be killed", "[core]") {
  Bench bench = chain_up();
  bench.manners = Bench::Manners::silent;
  bench.stop("cache");
  bench.advance(1h);
  REQUIRE(bench.state("web.1") == WorkerState::unkillable);
  CHECK(bench.process("cache.1").main_signals.size() == 1);
}

TEST_CASE("depends_on: nor for what a worker that failed left behind and cannot be killed",
          "[core]") {
  std::vector<GroupSpec> specs = chain();
  specs.front().respawn.policy = RespawnPolicy::never;
  Bench bench(specs);
  bench.start("web");
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  bench.manners = Bench::Manners::silent;
  bench.main_exits(bench.current("web.1"), Exit::with_status(1));
  bench.advance(1h);
  REQUIRE(bench.state("web.1") == WorkerState::failed);
  bench.stop("cache");
  CHECK(bench.state("cache.1") == WorkerState::stopping);
}

TEST_CASE("depends_on: a start takes back a stop that still waits", "[core]") {
  for (const std::string asked : {"db", "db.1", "cache", "web"}) {
    INFO(asked);
    Bench bench = chain_up();
    bench.manners = Bench::Manners::silent;
    const CommandId stop = bench.stop("db");
    const CommandId start = bench.start(asked);
    REQUIRE(bench.answer(stop).has_value());
    CHECK_FALSE(bench.answer(stop)->ok);
    CHECK(bench.answer(stop)->message == "was started again before it had stopped");
    bench.ends("web.1", Exit::by_signal(15));
    CHECK(bench.state("cache.1") == WorkerState::ready);
    CHECK(bench.state("db.1") == WorkerState::ready);
    // What was told to leave has left; who wanted it again has it again.
    CHECK(bench.state("web.1") == (asked == "web" ? WorkerState::starting : WorkerState::stopped));
    CHECK(bench.answer(start).has_value() == (asked != "web"));
  }
}

TEST_CASE("depends_on: a restart takes a stop back as a start does", "[core]") {
  Bench bench = chain_up();
  bench.manners = Bench::Manners::silent;
  const CommandId stop = bench.stop("db");
  bench.restart("db");
  CHECK_FALSE(bench.answer(stop)->ok);
  CHECK(bench.core().find("db")->roll.has_value());
}

TEST_CASE("depends_on: a start takes back the stops of what it needs, and no others", "[core]") {
  Bench bench({needing(group_spec("web"), {"db"}), needing(group_spec("mail"), {"queue"}),
               group_spec("db"), group_spec("queue")});
  bench.start("web");
  bench.start("mail");
  for (const char* worker : {"db.1", "queue.1", "web.1", "mail.1"}) bench.becomes_ready(worker);
  bench.manners = Bench::Manners::silent;
  const CommandId one = bench.stop("db");
  const CommandId other = bench.stop("queue");
  bench.start("web");
  CHECK_FALSE(bench.answer(one)->ok);
  CHECK_FALSE(bench.answer(other).has_value());
  bench.ends("mail.1", Exit::by_signal(15));
  bench.ends("queue.1", Exit::by_signal(15));
  CHECK(bench.answer(other)->ok);
}

TEST_CASE("depends_on: two stops of a group that waits are both answered", "[core]") {
  Bench bench = chain_up();
  const CommandId one = bench.stop("db");
  const CommandId other = bench.stop("db");
  CHECK(bench.answer(one)->ok);
  CHECK(bench.answer(other)->ok);
}

TEST_CASE("depends_on: the stop of what is waited for ends the waiting", "[core]") {
  Bench bench(chain());
  const CommandId start = bench.start("web");
  const CommandId stop = bench.stop("db");
  CHECK(failure_of(bench, start) == "was stopped before it was ready");
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.core().waits_for("web").empty());
}

TEST_CASE("depends_on: a job that has done its work does it again once what it needs was stopped",
          "[core]") {
  GroupSpec migrate = needing(group_spec("migrate"), {"db"});
  migrate.respawn.policy = RespawnPolicy::on_failure;
  Bench bench({migrate, group_spec("db")});
  bench.start("migrate");
  bench.becomes_ready("db.1");
  bench.ends("migrate.1", Exit::with_status(0));
  bench.stop("db");
  CHECK(bench.state("migrate.1") == WorkerState::stopped);
}

TEST_CASE("depends_on: what failed stays shown as failed when what it needs is stopped", "[core]") {
  GroupSpec web = needing(group_spec("web"), {"db"});
  web.respawn.policy = RespawnPolicy::never;
  Bench bench({web, group_spec("db")});
  bench.start("web");
  bench.becomes_ready("db.1");
  bench.ends("web.1", Exit::with_status(1));
  bench.stop("db");
  CHECK(bench.state("db.1") == WorkerState::stopped);
  CHECK(bench.state("web.1") == WorkerState::failed);
}

TEST_CASE("depends_on: a shutdown stops in reverse order", "[core]") {
  Bench bench = chain_up();
  bench.manners = Bench::Manners::silent;
  bench.shutdown();
  CHECK(bench.state("web.1") == WorkerState::stopping);
  CHECK(bench.state("cache.1") == WorkerState::ready);
  bench.ends("web.1", Exit::by_signal(15));
  CHECK(bench.state("cache.1") == WorkerState::stopping);
  CHECK(bench.state("db.1") == WorkerState::ready);
  bench.ends("cache.1", Exit::by_signal(15));
  bench.ends("db.1", Exit::by_signal(15));
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE("depends_on: a shutdown at once kills all together", "[core]") {
  Bench bench = chain_up();
  bench.manners = Bench::Manners::silent;
  const CommandId stop = bench.stop("db");
  bench.shutdown();
  bench.shutdown(Urgency::at_once);
  for (const char* worker : {"web.1", "cache.1", "db.1"}) {
    CHECK(bench.process(worker).kills == 1);
    bench.ends(worker, Exit::by_signal(9));
  }
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.shutdowns_done() == 1);
}
