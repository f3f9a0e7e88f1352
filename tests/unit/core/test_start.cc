#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

using Path = std::vector<std::string>;

TEST_CASE("start: the answer comes when the worker is ready", "[core]") {
  Bench bench(group_spec("web"));
  const CommandId start = bench.start("web");
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK_FALSE(bench.answer(start).has_value());
  bench.becomes_ready("web.1");
  const auto answer = bench.answer(start);
  REQUIRE(answer.has_value());
  CHECK(answer->ok);
  CHECK(answer->generation == 1);
  REQUIRE(answer->workers.size() == 1);
  CHECK(answer->workers[0].ok);
  CHECK(bench.path("web.1") == Path{"stopped", "starting", "ready"});
}

TEST_CASE("start: all workers of a group start, and the answer tells of each in order", "[core]") {
  Bench bench(group_spec("web", 3));
  const CommandId start = bench.start("web");
  bench.becomes_ready("web.3");
  bench.becomes_ready("web.1");
  CHECK_FALSE(bench.answer(start).has_value());
  bench.ends("web.2", Exit::with_status(3));
  const auto answer = bench.answer(start);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  REQUIRE(answer->workers.size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(answer->workers[static_cast<std::size_t>(i)].number == i + 1);
    CHECK(answer->workers[static_cast<std::size_t>(i)].ok == (i != 1));
  }
}

TEST_CASE(
    "ready: by delay, a worker is ready when it has lived that long since it executed its "
    "program",
    "[core]") {
  GroupSpec spec = group_spec("web");
  spec.ready = {.when = ReadyWhen::automatic, .timeout = 60s, .delay = 2s};
  Bench bench(spec);
  bench.manners = Bench::Manners::silent;
  bench.start("web");
  bench.advance(5s);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.executes(bench.current("web.1"));
  bench.advance(2s - 1ns);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.advance(1ns);
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.armed_timers() == 0);
}

TEST_CASE("ready: where readiness is by delay, a worker's own word does not count", "[core]") {
  GroupSpec spec = group_spec("web");
  spec.ready.when = ReadyWhen::delay;
  Bench bench(spec);
  bench.start("web");
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::starting);
}

TEST_CASE("ready: by notify, a worker is ready when it says so, and not before", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.advance(59s);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.armed_timers() == 0);
}

TEST_CASE(
    "ready: a worker that is not ready within ready.timeout is asked to leave, and its start "
    "has failed",
    "[core]") {
  Bench bench(group_spec("web"));
  bench.manners = Bench::Manners::silent;
  const CommandId start = bench.start("web");
  const SpawnId spawn = bench.current("web.1");
  bench.executes(spawn);
  bench.advance(60s);
  const auto answer = bench.answer(start);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->workers.at(0).message == "was not ready within 60s");
  CHECK(answer->workers.at(0).spawn == spawn);
  CHECK_FALSE(answer->workers.at(0).exit.has_value());
  CHECK(bench.state("web.1") == WorkerState::stopping);
  CHECK(bench.process(spawn).main_signals == std::vector<int>{15});
  bench.ends(spawn, Exit::by_signal(15));
  CHECK(bench.state("web.1") == WorkerState::backoff);
  bench.advance(100ms);
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK(bench.spawns("web.1").size() == 2);
}

TEST_CASE(
    "ready: a process that does not even come to execute its program fails by the same timeout",
    "[core]") {
  Bench bench(group_spec("web"));
  bench.manners = Bench::Manners::silent;
  const CommandId start = bench.start("web");
  bench.advance(60s);
  CHECK_FALSE(bench.answer(start)->ok);
}

TEST_CASE("ready: a worker may ask for more time to get ready", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.advance(50s);
  bench.send(TimeoutExtended{.spawn = bench.current("web.1"), .by = 30s});
  bench.advance(30s - 1ns);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.advance(1ns);
  CHECK(bench.state("web.1") != WorkerState::starting);
}

TEST_CASE("ready: asking for more time never shortens it, and the longest wish is no overflow",
          "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.send(TimeoutExtended{.spawn = bench.current("web.1"), .by = 1s});
  bench.advance(59s);
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.send(TimeoutExtended{.spawn = bench.current("web.1"), .by = Duration::max()});
  bench.advance(1000h);
  CHECK(bench.state("web.1") == WorkerState::starting);
}

TEST_CASE("start: a program that cannot be executed fails the start with the stage and the reason",
          "[core]") {
  Bench bench(group_spec("web"));
  bench.manners = Bench::Manners::silent;
  const CommandId start = bench.start("web");
  const SpawnId spawn = bench.current("web.1");
  bench.ends(spawn, Exit::before_exec("chdir /srv/x: No such file or directory"));
  const auto answer = bench.answer(start);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->workers.at(0).message == "chdir /srv/x: No such file or directory");
  CHECK(answer->workers.at(0).exit->kind == Exit::Kind::never_ran);
  CHECK(bench.state("web.1") == WorkerState::backoff);
}

TEST_CASE(
    "start: a worker that ends before it is ready fails the start; respawns go on behind the "
    "answer",
    "[core]") {
  Bench bench(group_spec("web"));
  const CommandId start = bench.start("web");
  const SpawnId first = bench.current("web.1");
  bench.ends(first, Exit::with_status(1));
  const auto answer = bench.answer(start);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  CHECK(answer->workers.at(0).message == "exited with status 1 before it was ready");
  CHECK(answer->workers.at(0).spawn == first);
  CHECK(answer->workers.at(0).exit == Exit::with_status(1));
  bench.advance(100ms);
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK_FALSE(bench.answer(start)->ok);
}

TEST_CASE("start: what already runs is a start that is done", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.becomes_ready("web.1");
  const CommandId again = bench.start("web");
  REQUIRE(bench.answer(again).has_value());
  CHECK(bench.answer(again)->ok);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("start: a second start during the first waits for the same attempt", "[core]") {
  Bench bench(group_spec("web"));
  const CommandId one = bench.start("web");
  const CommandId other = bench.start("web.1");
  CHECK_FALSE(bench.answer(other).has_value());
  bench.becomes_ready("web.1");
  CHECK(bench.answer(one)->ok);
  CHECK(bench.answer(other)->ok);
  CHECK(bench.spawns("web.1").size() == 1);
}

TEST_CASE("start: a worker in backoff is tried at once", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.ends("web.1", Exit::with_status(1));
  const SpawnId failed = bench.spawns("web.1").back();
  CHECK(bench.is_armed(TimerKind::backoff, failed));
  const CommandId again = bench.start("web");
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK_FALSE(bench.is_armed(TimerKind::backoff, failed));
  bench.becomes_ready("web.1");
  CHECK(bench.answer(again)->ok);
}

TEST_CASE("start: a worker that is stopping starts again when its old process is gone", "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  bench.becomes_ready("web.1");
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  const CommandId start = bench.start("web");
  REQUIRE(bench.answer(stop).has_value());
  CHECK_FALSE(bench.answer(stop)->ok);
  CHECK(bench.answer(stop)->workers.at(0).message == "was started again before it had stopped");
  CHECK(bench.spawns("web.1").size() == 1);
  bench.ends(old, Exit::by_signal(15));
  CHECK(bench.spawns("web.1").size() == 2);
  bench.becomes_ready("web.1");
  CHECK(bench.answer(start)->ok);
}

TEST_CASE("start: a group makes one recipe at its first start, and later starts go by it",
          "[core]") {
  Bench bench(group_spec("web", 2));
  bench.start("web.1");
  bench.start("web.2");
  bench.stop("web");
  bench.start("web");
  CHECK(bench.count<MakeRecipe>() == 1);
  CHECK(bench.group("web").in_force == 1);
  CHECK(bench.process("web.1").generation == 1);
}

TEST_CASE("start: one worker may be started alone", "[core]") {
  Bench bench(group_spec("web", 3));
  const CommandId start = bench.start("web.2");
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.state("web.2") == WorkerState::starting);
  bench.becomes_ready("web.2");
  CHECK(bench.answer(start)->workers.size() == 1);
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE("commands: superd's own have no answer", "[core]") {
  Bench bench(group_spec("web"));
  bench.send(StartRequested{
      .command = kOwnCommand, .target = {.group = "web", .worker = 0}, .cause = "boot"});
  bench.becomes_ready("web.1");
  bench.send(RestartRequested{.command = kOwnCommand,
                              .target = {.group = "web", .worker = 1},
                              .cause = "boot",
                              .pace = Pace::in_turn});
  bench.next_becomes_ready("web.1");
  CHECK(bench.spawns("web.1").size() == 2);
  bench.shutdown();
  CHECK(bench.shutdowns_done() == 1);
  CHECK(bench.count<Answer>() == 0);
}

TEST_CASE("commands: one for a group or worker that does not exist changes nothing", "[core]") {
  Bench bench(group_spec("web", 2));
  bench.start("nginx");
  bench.start("web.3");
  bench.stop("web.3");
  bench.restart("web.3");
  bench.send(StopRequested{
      .command = CommandId{9}, .target = {.group = "web", .worker = -1}, .cause = {}});
  CHECK(bench.effects().empty());
}
