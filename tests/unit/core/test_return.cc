#include <algorithm>

#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

RollEnded ended(const Bench& bench) {
  const auto& effects = bench.effects();
  const auto found = std::find_if(effects.rbegin(), effects.rend(), [](const Effect& e) {
    return std::holds_alternative<RollEnded>(e);
  });
  REQUIRE(found != effects.rend());
  return std::get<RollEnded>(*found);
}

}  // namespace

TEST_CASE("failed roll: a canary that fails changes nothing", "[core]") {
  Bench bench = serving(group_spec("web", 3));
  const SpawnId old = bench.current("web.1");
  const CommandId roll = bench.restart("web");
  bench.next_ends("web.1", Exit::with_status(3));
  const auto answer = bench.answer(roll);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->message ==
        "web.1 exited with status 3 before it was ready; generation 1 stays in force");
  CHECK(answer->generation == 1);
  REQUIRE(answer->workers.size() == 1);
  CHECK(answer->workers[0].exit == Exit::with_status(3));
  CHECK(ended(bench).result == RollResult::rolled_back);
  CHECK(bench.current("web.1") == old);
  CHECK(bench.process(old).main_signals.empty());
  CHECK(bench.spawns("web.2").size() == 1);
  CHECK(bench.group("web").state == GroupState::running);
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}});
}

TEST_CASE("failed roll: its number is burnt, the next one is higher", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web");
  bench.next_ends("web.1", Exit::with_status(3));
  bench.restart("web");
  CHECK(bench.process(bench.next("web.1")).generation == 3);
}

TEST_CASE("failed roll: a new process that is not ready in time is removed", "[core]") {
  Bench bench = serving(group_spec("web"));
  const CommandId roll = bench.restart("web");
  const SpawnId fresh = bench.next("web.1");
  bench.advance(60s);
  CHECK(bench.process(fresh).main_signals == std::vector<int>{15});
  CHECK(bench.process(fresh).forgotten);
  CHECK(bench.answer(roll)->workers.at(0).message == "was not ready within 60s");
  CHECK(bench.state("web.1") == WorkerState::ready);
}

TEST_CASE(
    "failed roll: replaced workers go back to the old recipe, each ready before the new leaves",
    "[core]") {
  Bench bench = serving(group_spec("web", 4));
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_becomes_ready("web.2");
  bench.next_ends("web.3", Exit::with_status(3));
  CHECK_FALSE(bench.answer(roll).has_value());
  CHECK(bench.ready("web") == 4);
  CHECK(bench.process(bench.next("web.2")).generation == 1);
  bench.next_becomes_ready("web.2");
  CHECK(generations(bench) == std::vector<int>{2, 1, 1, 1});
  bench.next_becomes_ready("web.1");
  CHECK(generations(bench) == std::vector<int>{1, 1, 1, 1});
  const auto answer = bench.answer(roll);
  CHECK_FALSE(answer->ok);
  CHECK(answer->message ==
        "web.3 exited with status 3 before it was ready; 2 workers went back to generation 1");
  CHECK(ended(bench).result == RollResult::rolled_back);
  CHECK(bench.group("web").in_force == 1);
  CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}});
}

TEST_CASE("failed roll: new processes of the same batch are ended with it", "[core]") {
  GroupSpec spec = group_spec("web", 3);
  spec.roll.batch = {.workers = 2};
  Bench bench = serving(spec);
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  const SpawnId other = bench.next("web.3");
  bench.next_ends("web.2", Exit::with_status(3));
  CHECK(bench.process(other).main_signals == std::vector<int>{15});
  bench.next_becomes_ready("web.1");
  const auto answer = bench.answer(roll);
  REQUIRE(answer->workers.size() == 3);
  CHECK(answer->workers[2].message == "was left as it was: the roll had failed");
  CHECK(generations(bench) == std::vector<int>{1, 1, 1});
}

TEST_CASE("failed roll: where the recipes do not differ what serves stays: mixed", "[core]") {
  Bench bench = serving(group_spec("web", 3));
  bench.recipes_differ = false;
  // The first recipe was told as different: one roll makes them equal.
  bench.restart("web");
  for (int i = 1; i <= 3; ++i) bench.next_becomes_ready("web." + std::to_string(i));
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_ends("web.2", Exit::with_status(3));
  const auto answer = bench.answer(roll);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->message ==
        "mixed: web.2 exited with status 3 before it was ready; 1 worker by generation 3: the "
        "recipes do not differ, so that there is none to go back to; mend it and restart");
  CHECK(ended(bench).result == RollResult::mixed);
  CHECK(generations(bench) == std::vector<int>{3, 2, 2});
  CHECK(bench.group("web").in_force == 2);
  CHECK(bench.ready("web") == 3);
}

TEST_CASE("failed roll: with on_failure = hold it stops where it is: mixed", "[core]") {
  GroupSpec spec = group_spec("web", 3);
  spec.roll.on_failure = OnFailure::hold;
  Bench bench = serving(spec);
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_ends("web.2", Exit::with_status(3));
  CHECK(ended(bench).result == RollResult::mixed);
  CHECK(bench.answer(roll)->generation == 1);
  CHECK(generations(bench) == std::vector<int>{2, 1, 1});
  SECTION("and a worker that dies later comes back by the recipe in force") {
    bench.advance(10s);
    bench.ends("web.1", Exit::by_signal(9));
    CHECK(bench.process("web.1").generation == 1);
  }
  SECTION("and one that fails then and changes nothing leaves it mixed") {
    const CommandId next = bench.restart("web");
    bench.next_ends("web.1", Exit::with_status(3));
    CHECK(ended(bench).result == RollResult::mixed);
    CHECK(
        bench.answer(next)->message ==
        "mixed: web.1 exited with status 3 before it was ready; nothing was changed: 1 worker not "
        "by generation 1, as before");
    CHECK(generations(bench) == std::vector<int>{2, 1, 1});
  }
  SECTION("and the next restart replaces all") {
    bench.restart("web");
    for (int i = 1; i <= 3; ++i) bench.next_becomes_ready("web." + std::to_string(i));
    CHECK(generations(bench) == std::vector<int>{3, 3, 3});
  }
}

TEST_CASE("failed roll: where the old recipe no longer starts what serves stays: mixed", "[core]") {
  Bench bench = serving(group_spec("web", 4));
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_becomes_ready("web.2");
  bench.next_ends("web.3", Exit::with_status(3));
  bench.next_ends("web.2", Exit::with_status(4));
  const auto answer = bench.answer(roll);
  REQUIRE(answer.has_value());
  CHECK(answer->message ==
        "mixed: web.3 exited with status 3 before it was ready; the old recipe no longer starts "
        "either: web.2 exited with status 4 before it was ready");
  CHECK(ended(bench).result == RollResult::mixed);
  CHECK(generations(bench) == std::vector<int>{2, 2, 1, 1});
  CHECK(bench.ready("web") == 4);
}

TEST_CASE("failed roll: who has lost its old process serves by the old recipe before it is over",
          "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const CommandId roll = bench.restart("web");
  bench.ends("web.1", Exit::by_signal(9));
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.ends("web.1", Exit::with_status(3));
  CHECK(bench.process("web.1").generation == 1);
  CHECK_FALSE(bench.answer(roll).has_value());
  SECTION("and does") {
    bench.becomes_ready("web.1");
    CHECK(bench.answer(roll)->message ==
          "web.1 exited with status 3 before it was ready; 1 worker went back to generation 1");
    CHECK(ended(bench).result == RollResult::rolled_back);
  }
  SECTION("and does not: mixed") {
    bench.ends("web.1", Exit::with_status(3));
    CHECK(ended(bench).result == RollResult::mixed);
  }
}

TEST_CASE("failed roll: of a group that was restarted at once all serve by the old recipe again",
          "[core]") {
  Bench bench = serving(group_spec("web", 3));
  const CommandId roll = bench.restart("web", Pace::at_once);
  bench.becomes_ready("web.1");
  bench.ends("web.2", Exit::with_status(3));
  bench.becomes_ready("web.3");
  CHECK(generations(bench) == std::vector<int>{2, 1, 2});
  CHECK(bench.ready("web") == 2);
  bench.becomes_ready("web.2");
  CHECK(bench.process(bench.next("web.3")).generation == 1);
  CHECK(bench.ready("web") == 3);
  bench.next_becomes_ready("web.3");
  bench.next_becomes_ready("web.1");
  CHECK(generations(bench) == std::vector<int>{1, 1, 1});
  CHECK(bench.answer(roll)->message ==
        "web.2 exited with status 3 before it was ready; 3 workers went back to generation 1");
}

TEST_CASE("failed roll: where the recipes do not differ, who does not serve is told", "[core]") {
  GroupSpec spec = group_spec("web", 1);
  spec.roll.strategy = RollStrategy::stop_first;
  Bench bench = serving(spec);
  bench.recipes_differ = false;
  bench.restart("web");
  bench.becomes_ready("web.1");
  const CommandId roll = bench.restart("web");
  bench.ends("web.1", Exit::with_status(3));
  CHECK(bench.answer(roll)->message ==
        "mixed: web.1 exited with status 3 before it was ready; 1 worker without a process that "
        "serves: the recipes do not differ, so that there is none to go back to; mend it and "
        "restart");
}

TEST_CASE("roll: a restart at once does not wait for what the one in hand hopes for", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  const CommandId roll = bench.restart("web");
  const SpawnId hangs = bench.next("web.1");
  const CommandId now = bench.restart("web", Pace::at_once);
  CHECK(bench.answer(roll)->message == "a restart at once took its place");
  CHECK(bench.process(hangs).main_signals == std::vector<int>{15});
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  CHECK(bench.answer(now)->ok);
  CHECK(generations(bench) == std::vector<int>{3, 3});
}

TEST_CASE("failed roll: the restart that waits for it begins all the same", "[core]") {
  Bench bench = serving(group_spec("web"));
  bench.restart("web");
  const CommandId next = bench.restart("web");
  bench.next_ends("web.1", Exit::with_status(3));
  CHECK(bench.process(bench.next("web.1")).generation == 3);
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(next)->ok);
}

TEST_CASE("failed roll: a stop of the group wins over the way back", "[core]") {
  Bench bench = serving(group_spec("web", 3));
  const CommandId roll = bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_ends("web.2", Exit::with_status(3));
  CHECK_FALSE(bench.answer(roll).has_value());
  bench.stop("web");
  CHECK_FALSE(bench.answer(roll)->ok);
  CHECK(ended(bench).result == RollResult::stopped);
  CHECK(bench.group("web").state == GroupState::stopped);
}

TEST_CASE("failed roll: its steps tell the story in order", "[core]") {
  Bench bench = serving(group_spec("web", 2));
  bench.restart("web");
  bench.next_becomes_ready("web.1");
  bench.next_ends("web.2", Exit::with_status(3));
  bench.next_becomes_ready("web.1");
  using Kind = RollStep::Kind;
  std::vector<std::pair<Kind, int>> steps;
  for (const Effect& effect : bench.effects()) {
    const auto* step = std::get_if<RollStep>(&effect);
    if (step != nullptr) steps.emplace_back(step->kind, step->worker);
  }
  const std::vector<std::pair<Kind, int>> expected = {
      {Kind::starting, 1}, {Kind::ready, 1},     {Kind::gone, 1},     {Kind::starting, 2},
      {Kind::failed, 2},   {Kind::returning, 1}, {Kind::starting, 1}, {Kind::returned, 1}};
  std::vector<std::pair<Kind, int>> without_gone;
  bool first_gone = true;
  for (const auto& step : steps) {
    if (step.first == Kind::gone && !std::exchange(first_gone, false)) continue;
    without_gone.push_back(step);
  }
  CHECK(without_gone == expected);
}
