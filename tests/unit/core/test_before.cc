#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

// What the latest RunBefore is to run.
Preparation prepared(const Bench& bench) {
  const RunBefore* last = nullptr;
  for (const Effect& effect : bench.effects()) {
    if (const auto* run = std::get_if<RunBefore>(&effect)) last = run;
  }
  REQUIRE(last != nullptr);
  return last->what;
}

}  // namespace

TEST_CASE("before: a roll begins when its command has exited with 0", "[core]") {
  GroupSpec spec = group_spec("web", 2);
  spec.roll.before = {"check"};
  Bench bench = serving(spec);
  const CommandId roll = bench.restart("web");
  CHECK(bench.count<RunBefore>() == 1);
  CHECK(bench.group("web").state == GroupState::rolling);
  CHECK(replaced_now(bench).empty());
  SECTION("and then goes its way") {
    bench.send(BeforeEnded{.group = "web", .roll = roll});
    bench.next_becomes_ready("web.1");
    bench.next_becomes_ready("web.2");
    CHECK(bench.answer(roll)->ok);
  }
  SECTION("and one that fails ends it, with its last words") {
    bench.send(BeforeEnded{.group = "web",
                           .roll = roll,
                           .ok = false,
                           .message = "exited with status 1",
                           .output = {"no such table"}});
    const auto answer = bench.answer(roll);
    CHECK_FALSE(answer->ok);
    CHECK(answer->message == "roll.before exited with status 1; nothing was changed");
    CHECK(answer->output == std::vector<std::string>{"no such table"});
    CHECK(bench.group("web").in_force == 1);
    CHECK(bench.group("web").state == GroupState::running);
    CHECK(bench.recipes() == std::set<std::pair<std::string, int>>{{"web", 1}});
  }
  SECTION("and a stop of the group ends it too") {
    bench.stop("web");
    CHECK(bench.count<CancelBefore>() == 1);
    CHECK_FALSE(bench.answer(roll)->ok);
  }
}

TEST_CASE("before: a rehearsal follows the command, and nothing is touched until it is over",
          "[core]") {
  GroupSpec spec = group_spec("web", 2);
  spec.roll.before = {"check"};
  spec.roll.rehearse = true;
  Bench bench = serving(spec);
  const CommandId roll = bench.restart("web");
  CHECK(prepared(bench) == Preparation::command);
  bench.send(BeforeEnded{.group = "web", .roll = roll});
  CHECK(bench.count<RunBefore>() == 2);
  CHECK(prepared(bench) == Preparation::rehearsal);
  CHECK(replaced_now(bench).empty());
  SECTION("and then the roll goes its way") {
    bench.send(BeforeEnded{.group = "web", .roll = roll});
    bench.next_becomes_ready("web.1");
    bench.next_becomes_ready("web.2");
    CHECK(bench.answer(roll)->ok);
  }
  SECTION("and one that fails ends the roll") {
    bench.send(BeforeEnded{.group = "web",
                           .roll = roll,
                           .ok = false,
                           .message = "exited with status 1 before it was ready",
                           .output = {"no such table"}});
    const auto answer = bench.answer(roll);
    CHECK_FALSE(answer->ok);
    CHECK(answer->message ==
          "the rehearsal exited with status 1 before it was ready; nothing was changed");
    CHECK(answer->output == std::vector<std::string>{"no such table"});
    CHECK(bench.group("web").in_force == 1);
    CHECK(bench.group("web").state == GroupState::running);
  }
  SECTION("and a stop of the group ends it too") {
    bench.stop("web");
    CHECK(bench.count<CancelBefore>() == 1);
    CHECK_FALSE(bench.answer(roll)->ok);
  }
}

TEST_CASE("before: where nothing runs side by side or nothing serves, nothing is rehearsed",
          "[core]") {
  GroupSpec spec = group_spec("web");
  spec.roll.rehearse = true;
  SECTION("stop-first") {
    spec.roll.strategy = RollStrategy::stop_first;
    Bench bench = serving(spec);
    bench.restart("web");
    CHECK(bench.count<RunBefore>() == 0);
  }
  SECTION("at once") {
    Bench bench = serving(spec);
    bench.send(RestartRequested{.command = CommandId{77},
                                .target = {.group = "web"},
                                .cause = "test",
                                .pace = Pace::at_once});
    CHECK(bench.count<RunBefore>() == 0);
  }
  SECTION("a group that is down") {
    Bench bench({spec});
    bench.restart("web");
    CHECK(bench.count<RunBefore>() == 0);
  }
}

TEST_CASE("ready: listening is looked at from the program's start until it is seen", "[core]") {
  GroupSpec spec = group_spec("web");
  spec.ready.when = ReadyWhen::automatic;
  spec.listen.emplace_back();
  Bench bench({spec});
  bench.manners = Bench::Manners::silent;
  const CommandId start = bench.start("web");
  CHECK(bench.count<WatchReadiness>() == 0);
  bench.executes(bench.current("web.1"));
  CHECK(bench.count<WatchReadiness>() == 1);
  SECTION("READY=1 does not count") {
    bench.becomes_ready("web.1");
    CHECK_FALSE(bench.answer(start).has_value());
  }
  SECTION("it is ready when it is seen") {
    bench.send(ReadinessSeen{.spawn = bench.current("web.1"), .by = ReadyWhen::listening});
    CHECK(bench.answer(start)->ok);
    CHECK(bench.count<UnwatchReadiness>() == 1);
  }
  SECTION("nobody looks any more when it is stopped") {
    bench.stop("web");
    CHECK(bench.count<UnwatchReadiness>() == 1);
  }
  SECTION("it is a failure not to be in time, and what stood in the way is part of it") {
    const WorkerRef worker{.group = "web", .number = 1};
    bench.send(TimerFired{.key = {.kind = TimerKind::ready_timeout,
                                  .worker = worker,
                                  .spawn = bench.current("web.1")},
                          .why = "/proc/1/fd: Permission denied"});
    CHECK(bench.answer(start)->workers.at(0).message ==
          "was not ready within 60s: /proc/1/fd: Permission denied");
  }
  SECTION("it is a failure not to be in time") {
    bench.advance(60s);
    CHECK_FALSE(bench.answer(start)->ok);
    CHECK(bench.answer(start)->workers.at(0).message == "was not ready within 60s");
  }
}
