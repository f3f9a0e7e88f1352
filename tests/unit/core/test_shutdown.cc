#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

Bench serving() {
  Bench bench({group_spec("a", 2), group_spec("b")});
  bench.start("a");
  bench.start("b");
  for (const char* worker : {"a.1", "a.2", "b.1"}) bench.becomes_ready(worker);
  bench.manners = Bench::Manners::silent;
  return bench;
}

}  // namespace

TEST_CASE("shutdown: in order, every group is stopped, and it is done when the last tree is gone",
          "[core]") {
  Bench bench = serving();
  bench.shutdown();
  CHECK(bench.core().shutting_down());
  for (const char* worker : {"a.1", "a.2", "b.1"}) {
    CHECK(bench.process(worker).main_signals == std::vector<int>{15});
    CHECK(bench.process(worker).kills == 0);
    CHECK(bench.shutdowns_done() == 0);
    bench.ends(worker, Exit::by_signal(15));
  }
  CHECK(bench.shutdowns_done() == 1);
  CHECK(bench.armed_timers() == 0);
}

TEST_CASE("shutdown: at once, every tree is killed without grace", "[core]") {
  Bench bench = serving();
  bench.shutdown(Urgency::at_once);
  for (const char* worker : {"a.1", "a.2", "b.1"}) {
    CHECK(bench.process(worker).kills == 1);
    bench.ends(worker, Exit::by_signal(9));
  }
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE("shutdown: a second one, at once, ends the patience of the first", "[core]") {
  Bench bench = serving();
  bench.shutdown();
  bench.ends("b.1", Exit::by_signal(15));
  bench.shutdown(Urgency::at_once);
  CHECK(bench.process("a.1").kills == 1);
  CHECK(bench.process("a.2").kills == 1);
  bench.ends("a.1", Exit::by_signal(9));
  bench.ends("a.2", Exit::by_signal(9));
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE("shutdown: what old processes left behind is ended too", "[core]") {
  Bench bench = serving();
  const SpawnId old = bench.current("b.1");
  bench.advance(10s);
  bench.main_exits(old, Exit::with_status(1));
  bench.shutdown(Urgency::at_once);
  CHECK(bench.process(old).kills == 1);
  for (const char* worker : {"a.1", "a.2", "b.1"}) bench.ends(worker, Exit::by_signal(9));
  CHECK(bench.shutdowns_done() == 0);
  bench.tree_gone(old);
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE("shutdown: done at once where nothing runs", "[core]") {
  Bench bench({group_spec("a"), group_spec("b")});
  bench.shutdown();
  CHECK(bench.shutdowns_done() == 1);
  bench.shutdown();
  bench.shutdown(Urgency::at_once);
  CHECK(bench.shutdowns_done() == 1);
  Bench none(std::vector<GroupSpec>{});
  none.shutdown();
  CHECK(none.shutdowns_done() == 1);
}

TEST_CASE("shutdown: does not wait for a process that cannot be killed, but for all others",
          "[core]") {
  Bench bench = serving();
  const SpawnId stuck = bench.current("b.1");
  bench.shutdown(Urgency::at_once);
  bench.ends("a.1", Exit::by_signal(9));
  bench.ends("a.2", Exit::by_signal(9));
  bench.advance(10s - 1ns);
  CHECK(bench.shutdowns_done() == 0);
  bench.advance(1ns);
  CHECK(bench.process(stuck).kills == kMaxKills);
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE(
    "shutdown: a worker with one process that cannot be killed still gets time for its others",
    "[core]") {
  Bench bench = serving();
  bench.stop("a");
  bench.ends("a.1", Exit::by_signal(15));
  bench.ends("a.2", Exit::by_signal(15));
  bench.advance(10s);
  const SpawnId stuck = bench.current("b.1");
  bench.main_exits(stuck, Exit::with_status(1));
  bench.advance(46s);
  const SpawnId second = bench.spawns("b.1").back();
  bench.executes(second);
  bench.send(ReadinessSeen{.spawn = second});
  bench.main_exits(second, Exit::with_status(1));
  bench.shutdown();
  CHECK(bench.state("b.1") == WorkerState::unkillable);
  CHECK(bench.shutdowns_done() == 0);
  bench.tree_gone(second);
  CHECK(bench.shutdowns_done() == 1);
}

TEST_CASE("shutdown: starts and restarts are refused from then on; stops are not", "[core]") {
  Bench bench = serving();
  bench.shutdown();
  for (const CommandId refused : {bench.start("a"), bench.start("a.1"), bench.restart("a"),
                                  bench.restart("b.1", Pace::at_once)}) {
    REQUIRE(bench.answer(refused).has_value());
    CHECK_FALSE(bench.answer(refused)->ok);
    CHECK(bench.answer(refused)->message == "superd is shutting down");
  }
  const CommandId stop = bench.stop("a.1");
  for (const char* worker : {"a.1", "a.2", "b.1"}) bench.ends(worker, Exit::by_signal(15));
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.shutdowns_done() == 1);
  CHECK(bench.count<Spawn>() == 3);
}

TEST_CASE("shutdown: every command that waits is answered", "[core]") {
  Bench bench = serving();
  const CommandId roll = bench.restart("a");
  const CommandId next = bench.restart("a");
  const CommandId one = bench.restart("b.1");
  bench.shutdown();
  for (const CommandId command : {roll, next, one}) {
    REQUIRE(bench.answer(command).has_value());
    CHECK_FALSE(bench.answer(command)->ok);
  }
}
