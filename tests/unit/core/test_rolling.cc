#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

TEST_CASE("roll: the new process is ready before the old one is asked to leave", "[core]") {
  Bench bench = serving(group_spec("web", 1));
  const SpawnId old = bench.current("web.1");
  const CommandId roll = bench.restart("web");
  const SpawnId fresh = bench.next("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.group("web").state == GroupState::rolling);
  CHECK(bench.process(old).main_signals.empty());
  CHECK(bench.process(fresh).generation == 2);
  bench.next_becomes_ready("web.1");
  CHECK(bench.current("web.1") == fresh);
  CHECK(bench.process(old).main_signals == std::vector<int>{15});
  CHECK(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->generation == 2);
  CHECK(bench.group("web").in_force == 2);
  CHECK(bench.group("web").state == GroupState::running);
  CHECK(bench.worker("web.1").restarts == 0);
  CHECK(bench.path("web.1") == std::vector<std::string>{"stopped", "starting", "ready", "ready"});
}

TEST_CASE("roll: the graceful signal goes to the main process only", "[core]") {
  Bench bench = serving(group_spec("web", 1));
  const SpawnId old = bench.current("web.1");
  bench.manners = Bench::Manners::silent;
  bench.restart("web");
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  bench.main_exits(old, Exit::with_status(0));
  CHECK(bench.process(old).main_signals.size() == 1);
  CHECK(bench.process(old).tree_signals.empty());
}

TEST_CASE("roll: it is over when the whole old tree is gone", "[core]") {
  Bench bench = serving(group_spec("web", 1));
  const SpawnId old = bench.current("web.1");
  bench.manners = Bench::Manners::silent;
  const CommandId roll = bench.restart("web");
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  bench.main_exits(old, Exit::with_status(0));
  CHECK_FALSE(bench.answer(roll).has_value());
  CHECK(bench.group("web").state == GroupState::rolling);
  bench.tree_gone(old);
  CHECK(bench.answer(roll)->ok);
}

TEST_CASE("roll: an old process that does not leave is killed at stop.timeout", "[core]") {
  Bench bench = serving(group_spec("web", 1));
  const SpawnId old = bench.current("web.1");
  bench.manners = Bench::Manners::silent;
  const CommandId roll = bench.restart("web");
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  bench.advance(34s);
  CHECK(bench.process(old).kills == 0);
  bench.advance(1s);
  CHECK(bench.process(old).kills == 1);
  bench.ends(old, Exit::by_signal(9));
  CHECK(bench.answer(roll)->ok);
}

TEST_CASE("roll: the first worker alone is the canary, the others follow in batches", "[core]") {
  GroupSpec spec = group_spec("web", 6);
  SECTION("one at a time") {
    Bench bench = serving(spec);
    bench.restart("web");
    for (int i = 1; i <= 6; ++i) {
      CHECK(replaced_now(bench) == std::vector<int>{i});
      bench.next_becomes_ready("web." + std::to_string(i));
    }
  }
  SECTION("two at a time") {
    spec.roll.batch = {.workers = 2};
    Bench bench = serving(spec);
    bench.restart("web");
    CHECK(replaced_now(bench) == std::vector<int>{1});
    bench.next_becomes_ready("web.1");
    CHECK(replaced_now(bench) == std::vector<int>{2, 3});
    bench.next_becomes_ready("web.3");
    CHECK(replaced_now(bench) == std::vector<int>{2, 4});
  }
  SECTION("half of the group at a time") {
    spec.roll.batch = {.percent = 50};
    Bench bench = serving(spec);
    bench.restart("web");
    bench.next_becomes_ready("web.1");
    CHECK(replaced_now(bench) == std::vector<int>{2, 3, 4});
  }
  SECTION("a small share is one worker at least") {
    spec.roll.batch = {.percent = 1};
    Bench bench = serving(spec);
    bench.restart("web");
    bench.next_becomes_ready("web.1");
    CHECK(replaced_now(bench) == std::vector<int>{2});
  }
}

TEST_CASE("roll: the next worker's turn comes when the old process of the one before is gone",
          "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const SpawnId old = bench.current("web.1");
  bench.manners = Bench::Manners::silent;
  bench.restart("web");
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  CHECK(replaced_now(bench).empty());
  bench.ends(old, Exit::with_status(0));
  CHECK(replaced_now(bench) == std::vector<int>{2});
}

TEST_CASE("roll: an old process that hangs delays only its own worker after five seconds",
          "[core]") {
  Bench bench = serving(group_spec("web", 3));
  const SpawnId old = bench.current("web.1");
  bench.manners = Bench::Manners::silent;
  const CommandId roll = bench.restart("web");
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  bench.advance(kPatience - 1ns);
  CHECK(replaced_now(bench).empty());
  bench.advance(1ns);
  CHECK(replaced_now(bench) == std::vector<int>{2});
  bench.manners = Bench::Manners::obedient;
  bench.executes(bench.next("web.2"));
  bench.next_becomes_ready("web.2");
  bench.next_becomes_ready("web.3");
  CHECK(generations(bench) == std::vector<int>{2, 2, 2});
  CHECK(bench.group("web").in_force == 2);
  CHECK_FALSE(bench.answer(roll).has_value());
  bench.ends(old, Exit::by_signal(9));
  CHECK(bench.answer(roll)->ok);
}

TEST_CASE("roll: a new process counts when it has stayed alive for the soak", "[core]") {
  GroupSpec spec = group_spec("web", 1);
  spec.ready.soak = 2s;
  Bench bench({spec});
  const CommandId start = bench.start("web");
  bench.becomes_ready("web.1");
  CHECK_FALSE(bench.answer(start).has_value());
  bench.advance(2s);
  CHECK(bench.answer(start)->ok);
  const SpawnId old = bench.current("web.1");
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.advance(1s);
  CHECK(bench.process(old).main_signals.empty());
  SECTION("and it does") {
    bench.advance(1s);
    CHECK(bench.answer(roll)->ok);
  }
  SECTION("and one that dies meanwhile fails the roll") {
    bench.next_ends("web.1", Exit::with_status(1));
    CHECK_FALSE(bench.answer(roll)->ok);
    CHECK(bench.answer(roll)->workers.at(0).message ==
          "exited with status 1 1s after it became ready (soak 2s)");
    CHECK(bench.current("web.1") == old);
  }
  SECTION("and readiness that took long does not shorten it") {
    bench.advance(1s);
    CHECK(bench.armed_timers() == 0);
  }
}

TEST_CASE("roll: where nothing serves all start at once", "[core]") {
  Bench bench(group_spec("web", 3));
  bench.start("web");
  bench.stop("web");
  const CommandId roll = bench.restart("web");
  for (int i = 1; i <= 3; ++i) {
    CHECK(bench.process("web." + std::to_string(i)).generation == 2);
    bench.becomes_ready("web." + std::to_string(i));
  }
  CHECK(bench.answer(roll)->ok);
}

TEST_CASE("roll: a worker in backoff starts by the new recipe, one stopped on purpose stays so",
          "[core]") {
  Bench bench = serving(group_spec("web", 3));
  bench.stop("web.3");
  bench.ends("web.2", Exit::with_status(1));
  CHECK(bench.state("web.2") == WorkerState::backoff);
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{2, 2, 0});
}

TEST_CASE("roll: a new process waits for its turn among max_starting like any other", "[core]") {
  GroupSpec spec = group_spec("web", 4);
  spec.roll.batch = {.workers = 4};
  Bench bench({spec}, 2);
  bench.start("web");
  for (int i = 1; i <= 4; ++i) bench.becomes_ready("web." + std::to_string(i));
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  CHECK(replaced_now(bench) == std::vector<int>{2, 3});
  bench.next_becomes_ready("web.2");
  bench.next_becomes_ready("web.3");
  bench.next_becomes_ready("web.4");
  CHECK(bench.answer(roll)->ok);
}

TEST_CASE("roll: restarts that come meanwhile make exactly one more after it", "[core]") {
  Bench bench = serving(group_spec("web", 1));
  const CommandId first = bench.restart("web");
  const CommandId second = bench.restart("web");
  const CommandId third = bench.restart("web");
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(first)->roll == first);
  CHECK_FALSE(bench.answer(second).has_value());
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(second)->roll == second);
  CHECK(bench.answer(third)->roll == second);
  CHECK(generations(bench) == std::vector<int>{3});
  CHECK(bench.count<RollBegan>() == 2);
  CHECK(bench.count<RollEnded>() == 2);
}

TEST_CASE("roll: a stop of the group wins", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const CommandId roll = bench.restart("web");
  const CommandId waiting = bench.restart("web");
  const CommandId stop = bench.stop("web");
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(bench.answer(roll)->message == "the group was stopped");
  CHECK_FALSE(bench.answer(waiting)->ok);
  CHECK(bench.answer(stop)->ok);
  CHECK(bench.group("web").state == GroupState::stopped);
  for (const SpawnId spawn : bench.spawns("web.1")) CHECK(bench.process(spawn).forgotten);
}

TEST_CASE("roll: a worker that is stopped leaves it, and it goes on with the others", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const CommandId roll = bench.restart("web");
  const CommandId stop = bench.stop("web.1");
  CHECK(bench.answer(stop)->ok);
  CHECK(replaced_now(bench) == std::vector<int>{2});
  bench.next_becomes_ready("web.2");
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{0, 2});
}

TEST_CASE("roll: a worker that is started meanwhile gets its turn as well", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.restart("web");
  bench.stop("web.2");
  bench.start("web.2");
  CHECK(bench.process("web.2").generation == 1);
  bench.becomes_ready("web.2");
  bench.next_becomes_ready("web.1");
  bench.next_becomes_ready("web.2");
  CHECK(generations(bench) == std::vector<int>{2, 2});
}

TEST_CASE("roll: a worker that crashes in it comes back by the recipe that its slot has then",
          "[core]") {
  Bench bench = serving(group_spec("web", 3));
  bench.advance(10s);
  const CommandId roll = bench.restart("web");
  SECTION("one that waits, by the old one") {
    bench.ends("web.3", Exit::by_signal(9));
    CHECK(bench.process("web.3").generation == 1);
    CHECK(bench.worker("web.3").restarts == 1);
  }
  SECTION("one that was replaced, by the new one") {
    bench.next_becomes_ready("web.1");
    bench.advance(10s);
    bench.ends("web.1", Exit::by_signal(9));
    CHECK(bench.process("web.1").generation == 2);
  }
  SECTION("one that is being replaced goes on with its new process") {
    const SpawnId fresh = bench.next("web.1");
    bench.ends("web.1", Exit::by_signal(9));
    CHECK(bench.current("web.1") == fresh);
    CHECK(bench.state("web.1") == WorkerState::starting);
    bench.becomes_ready("web.1");
    bench.next_becomes_ready("web.2");
    bench.next_becomes_ready("web.3");
    CHECK(bench.answer(roll)->ok);
    CHECK(bench.spawns("web.1").size() == 2);
  }
}

TEST_CASE("roll: at once, all old processes leave first, and the new ones start together",
          "[core]") {
  Bench bench = serving(group_spec("web", 3));
  const CommandId roll = bench.restart("web", Pace::at_once);
  CHECK(bench.ready("web") == 0);
  for (int i = 1; i <= 3; ++i) bench.becomes_ready("web." + std::to_string(i));
  CHECK(bench.answer(roll)->ok);
  CHECK(generations(bench) == std::vector<int>{2, 2, 2});
}

TEST_CASE("restart: one worker is replaced by the recipe in force, new before old", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const SpawnId old = bench.current("web.2");
  const CommandId restart = bench.restart("web.2");
  CHECK(bench.process(bench.next("web.2")).generation == 1);
  CHECK(bench.ready("web") == 2);
  SECTION("and the old one leaves when the new one is ready") {
    bench.next_becomes_ready("web.2");
    CHECK(bench.answer(restart)->ok);
    CHECK(bench.process(old).forgotten);
    CHECK(bench.spawns("web.1").size() == 1);
  }
  SECTION("and the old one stays when the new one fails") {
    bench.next_ends("web.2", Exit::with_status(4));
    CHECK_FALSE(bench.answer(restart)->ok);
    CHECK(bench.answer(restart)->workers.at(0).exit == Exit::with_status(4));
    CHECK(bench.current("web.2") == old);
    CHECK(bench.ready("web") == 2);
  }
  SECTION("and a second restart meanwhile is served by the same new process") {
    const CommandId again = bench.restart("web.2");
    bench.next_becomes_ready("web.2");
    CHECK(bench.answer(restart)->ok);
    CHECK(bench.answer(again)->ok);
    CHECK(bench.spawns("web.2").size() == 2);
  }
  SECTION("and a roll that comes meanwhile replaces it by its own recipe") {
    const CommandId roll = bench.restart("web");
    bench.next_becomes_ready("web.1");
    bench.next_becomes_ready("web.2");
    CHECK(bench.answer(restart)->ok);
    CHECK(bench.answer(roll)->ok);
    CHECK(generations(bench) == std::vector<int>{2, 2});
  }
}
