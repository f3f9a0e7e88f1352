#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

TEST_CASE("stop-first: a group restarts worker by worker, the next when the one before is ready",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  const CommandId roll = bench.restart("web");
  CHECK(bench.group("web").state == GroupState::rolling);
  for (int i = 1; i <= 3; ++i) {
    CHECK(bench.group("web").roll->in_hand == std::set<int>{i});
    CHECK(census(bench.group("web")).ready == 2);
    CHECK_FALSE(bench.answer(roll).has_value());
    bench.becomes_ready("web." + std::to_string(i));
  }
  const auto answer = bench.answer(roll);
  REQUIRE(answer.has_value());
  CHECK(answer->ok);
  CHECK(answer->generation == 2);
  CHECK(answer->workers.size() == 3);
  CHECK(generations(bench) == std::vector<int>{2, 2, 2});
  CHECK(bench.group("web").in_force == 2);
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE(
    "stop-first: its recipe is made when it begins, and the old one is dropped when no process of "
    "it "
    "is left",
    "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.advance(10s);
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  bench.main_exits(old, Exit::with_status(1));
  bench.executes(bench.current("web.1"));
  bench.becomes_ready("web.1");
  bench.manners = Bench::Manners::obedient;
  bench.restart("web");
  CHECK(bench.recipes().size() == 2);
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  REQUIRE(bench.group("web").in_force == 2);
  CHECK(bench.recipes().size() == 2);
  bench.tree_gone(old);
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 2}});
}

TEST_CASE("stop-first: the first new process that fails ends it; the others keep what they have",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  const CommandId roll = bench.restart("web");
  bench.becomes_ready("web.1");
  bench.ends("web.2", Exit::with_status(3));
  const auto answer = bench.answer(roll);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->message ==
        "mixed: web.2 exited with status 3 before it was ready; 1 worker by generation 2; 1 "
        "worker without a process that serves: roll.on_failure is \"hold\"");
  CHECK(answer->generation == 1);
  REQUIRE(answer->workers.size() == 2);
  CHECK(answer->workers[0].ok);
  CHECK(answer->workers[1].message == "exited with status 3 before it was ready");
  CHECK(bench.spawns("web.3").size() == 1);
  CHECK(bench.group("web").in_force == 1);
  CHECK(bench.group("web").state == GroupState::degraded);
}

TEST_CASE("stop-first: the worker whose new process failed goes back to the recipe in force",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.restart("web");
  bench.ends("web.1", Exit::with_status(3));
  bench.advance(100ms);
  CHECK(bench.process("web.1").generation == 1);
  bench.becomes_ready("web.1");
  CHECK(bench.group("web").state == GroupState::running);
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}});
}

TEST_CASE("stop-first: one that failed burns its generation; the next is one higher", "[core]") {
  Bench bench = serving(stop_first_spec("web", 1));
  bench.restart("web");
  bench.ends("web.1", Exit::with_status(3));
  bench.advance(100ms);
  bench.becomes_ready("web.1");
  const CommandId roll = bench.restart("web");
  CHECK(bench.process("web.1").generation == 3);
  bench.becomes_ready("web.1");
  CHECK(bench.answer(roll)->generation == 3);
}

TEST_CASE("stop-first: the recipe of one that failed stays while a process of it serves",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.restart("web");
  bench.becomes_ready("web.1");
  bench.ends("web.2", Exit::with_status(3));
  CHECK(generations(bench) == std::vector<int>{2, 0});
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}, {"web", 2}});
  bench.ends("web.1", Exit::with_status(3));
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}});
}

TEST_CASE(
    "stop-first: a worker that was replaced and dies before the roll is over comes back as new",
    "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  const CommandId roll = bench.restart("web");
  bench.becomes_ready("web.1");
  bench.advance(10s);
  bench.ends("web.1", Exit::by_signal(9));
  CHECK(bench.process("web.1").generation == 2);
  bench.becomes_ready("web.2");
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{2, 2});
}

TEST_CASE("stop-first: a worker that waits for it and dies comes back by the recipe in force",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.advance(10s);
  bench.restart("web");
  bench.ends("web.2", Exit::by_signal(9));
  CHECK(bench.process("web.2").generation == 1);
}

TEST_CASE(
    "stop-first: a restart of the worker that it has in hand does not take it back to the old "
    "recipe",
    "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  const CommandId roll = bench.restart("web");
  const CommandId one = bench.restart("web.1");
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(one)->ok);
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{2, 2});
}

TEST_CASE("stop-first: restarts that come during a roll make exactly one more after it", "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  const CommandId first = bench.restart("web");
  const CommandId second = bench.restart("web");
  const CommandId third = bench.restart("web");
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(first)->ok);
  CHECK_FALSE(bench.answer(second).has_value());
  CHECK(bench.group("web").state == GroupState::rolling);
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(second)->ok);
  CHECK(bench.answer(third)->ok);
  CHECK(bench.answer(third)->generation == 3);
  CHECK(bench.group("web").state == GroupState::running);
  CHECK(bench.spawns("web.1").size() == 3);
}

TEST_CASE("stop-first: after one that failed, the restart that waits begins all the same",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  const CommandId first = bench.restart("web");
  const CommandId second = bench.restart("web");
  bench.ends("web.1", Exit::with_status(1));
  CHECK_FALSE(bench.answer(first)->ok);
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(second)->ok);
  CHECK(bench.answer(second)->generation == 3);
}

TEST_CASE("stop-first: a stop of the group wins over a roll, and over those that wait for it",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  const CommandId first = bench.restart("web");
  const CommandId second = bench.restart("web");
  const CommandId stop = bench.stop("web");
  CHECK_FALSE(bench.answer(first)->ok);
  CHECK(bench.answer(first)->message == "the group was stopped");
  CHECK_FALSE(bench.answer(second)->ok);
  CHECK(bench.answer(second)->message == "the group was stopped");
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.group("web").state == GroupState::stopped);
  CHECK(bench.group("web").in_force == 1);
  bench.advance(1h);
  CHECK(bench.group("web").state == GroupState::stopped);
}

TEST_CASE("stop-first: a stop also wins over a restart that waits for a roll that is failing",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.restart("web", Pace::at_once);
  const CommandId second = bench.restart("web");
  bench.ends("web.1", Exit::with_status(1));
  const CommandId stop = bench.stop("web");
  CHECK_FALSE(bench.answer(second)->ok);
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.group("web").state == GroupState::stopped);
}

TEST_CASE("stop-first: a worker that is stopped leaves it, and it goes on with the others",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  const CommandId roll = bench.restart("web");
  SECTION("while it waits") {
    CHECK(bench.answer(bench.stop("web.2"))->ok);
    bench.becomes_ready("web.1");
    bench.becomes_ready("web.3");
    CHECK(generations(bench) == std::vector<int>{2, 0, 2});
  }
  SECTION("while it is in hand") {
    CHECK(bench.answer(bench.stop("web.1"))->ok);
    bench.becomes_ready("web.2");
    bench.becomes_ready("web.3");
    CHECK(generations(bench) == std::vector<int>{0, 2, 2});
  }
  CHECK(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->workers.size() == 2);
  CHECK(bench.group("web").in_force == 2);
}

TEST_CASE("stop-first: a worker that is stopped stays out of one that waits, until it is started",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.restart("web");
  bench.restart("web");
  bench.stop("web.2");
  SECTION("stopped") {
    bench.becomes_ready("web.1");
    bench.becomes_ready("web.1");
    CHECK(generations(bench) == std::vector<int>{3, 0});
    CHECK(bench.group("web").state == GroupState::running);
  }
  SECTION("started again") {
    bench.start("web.2");
    bench.becomes_ready("web.2");
    for (int roll = 1; roll <= 2; ++roll) {
      bench.becomes_ready("web.1");
      bench.becomes_ready("web.2");
    }
    CHECK(generations(bench) == std::vector<int>{3, 3});
  }
}

TEST_CASE("stop-first: one all of whose workers were stopped has failed", "[core]") {
  Bench bench = serving(stop_first_spec("web", 1));
  const CommandId roll = bench.restart("web");
  bench.stop("web.1");
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->message == "every worker was stopped");
  CHECK(bench.group("web").in_force == 1);
  CHECK(bench.group("web").state == GroupState::stopped);
}

TEST_CASE("stop-first: at once, all workers restart together", "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  const CommandId roll = bench.restart("web", Pace::at_once);
  CHECK(bench.group("web").roll->in_hand == std::set<int>{1, 2, 3});
  CHECK(census(bench.group("web")).ready == 0);
  for (const char* worker : {"web.2", "web.3", "web.1"}) bench.becomes_ready(worker);
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{2, 2, 2});
}

TEST_CASE(
    "stop-first: at once, a failure lets those that have not begun start by what stays in force",
    "[core]") {
  Bench bench = serving(stop_first_spec("web", 3), 1);
  const CommandId roll = bench.restart("web", Pace::at_once);
  CHECK(bench.spawns("web.2").size() == 1);
  bench.ends("web.1", Exit::with_status(1));
  CHECK(bench.process("web.2").generation == 1);
  bench.becomes_ready("web.2");
  bench.becomes_ready("web.3");
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->workers.size() == 3);
  CHECK(bench.process("web.3").generation == 1);
}

TEST_CASE(
    "stop-first: where no worker is ready there is nothing to keep serving, and all restart "
    "together",
    "[core]") {
  Bench bench = serving(stop_first_spec("web", 3));
  bench.stop("web");
  const CommandId roll = bench.restart("web");
  CHECK(bench.group("web").roll->in_hand == std::set<int>{1, 2, 3});
  for (const char* worker : {"web.1", "web.2", "web.3"}) bench.becomes_ready(worker);
  CHECK(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->generation == 2);
}

TEST_CASE("stop-first: the restart of a group that never ran is its first start", "[core]") {
  Bench bench(stop_first_spec("web", 2));
  const CommandId restart = bench.restart("web");
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(restart)->ok);
  CHECK(bench.answer(restart)->generation == 1);
}

TEST_CASE("stop-first: a new process that is not ready in time ends it as any failure does",
          "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  const CommandId roll = bench.restart("web");
  bench.advance(60s);
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->workers.at(0).message == "was not ready within 60s");
  CHECK(bench.group("web").in_force == 1);
}

TEST_CASE("stop-first: an old process that cannot be killed ends it", "[core]") {
  Bench bench = serving(stop_first_spec("web", 2));
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  const CommandId roll = bench.restart("web");
  bench.advance(1min);
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(bench.state("web.2") == WorkerState::ready);
  bench.ends(old, Exit::by_signal(9));
  CHECK(bench.process("web.1").generation == 1);
}
