#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

RespawnSpec with_policy(RespawnPolicy policy) {
  RespawnSpec respawn;
  respawn.policy = policy;
  return respawn;
}

RespawnSpec giving_up_after(int failures) {
  RespawnSpec respawn;
  respawn.give_up = {.failures = failures, .within = 60s};
  return respawn;
}

// A group with one worker that has been ready for `uptime`.
Bench running(const RespawnSpec& respawn, Duration uptime) {
  GroupSpec spec = group_spec("web");
  spec.respawn = respawn;
  spec.respawn.backoff.jitter = 0;
  Bench bench(spec);
  bench.start("web");
  bench.becomes_ready("web.1");
  bench.advance(uptime);
  return bench;
}

}  // namespace

TEST_CASE("respawn: after a healthy life the first respawn is immediate", "[core]") {
  Bench bench = running({}, 10s);
  bench.ends("web.1", Exit::by_signal(9));
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK(bench.spawns("web.1").size() == 2);
  CHECK(bench.worker("web.1").restarts == 1);
  CHECK(bench.worker("web.1").last_exit == Exit::by_signal(9));
}

TEST_CASE("respawn: a worker that keeps dying waits longer each time, and a healthy life ends that",
          "[core]") {
  Bench bench = running({}, 10s);
  bench.ends("web.1", Exit::with_status(1));
  for (const Duration delay : {100ms, 200ms, 400ms}) {
    bench.ends("web.1", Exit::with_status(1));
    CHECK(bench.state("web.1") == WorkerState::backoff);
    bench.advance(delay - 1ns);
    CHECK(bench.state("web.1") == WorkerState::backoff);
    bench.advance(1ns);
    CHECK(bench.state("web.1") == WorkerState::starting);
  }
  CHECK(bench.worker("web.1").restarts == 4);
  bench.becomes_ready("web.1");
  bench.advance(10s);
  bench.ends("web.1", Exit::with_status(1));
  CHECK(bench.state("web.1") == WorkerState::starting);
  bench.ends("web.1", Exit::with_status(1));
  bench.advance(100ms);
  CHECK(bench.state("web.1") == WorkerState::starting);
}

TEST_CASE("respawn: policy always brings back a worker that ended cleanly", "[core]") {
  Bench bench = running(with_policy(RespawnPolicy::always), 10s);
  bench.ends("web.1", Exit::with_status(0));
  CHECK(bench.state("web.1") == WorkerState::starting);
}

TEST_CASE(
    "respawn: policy on-failure leaves a worker that ended cleanly, and brings back any other",
    "[core]") {
  Bench clean = running(with_policy(RespawnPolicy::on_failure), 10s);
  clean.ends("web.1", Exit::with_status(0));
  CHECK(clean.state("web.1") == WorkerState::exited);
  CHECK(clean.group("web").state == GroupState::stopped);
  CHECK(clean.armed_timers() == 0);

  Bench unclean = running(with_policy(RespawnPolicy::on_failure), 10s);
  unclean.ends("web.1", Exit::with_status(1));
  CHECK(unclean.state("web.1") == WorkerState::starting);
}

TEST_CASE("respawn: policy never leaves every worker that ended: exited if cleanly, else failed",
          "[core]") {
  Bench clean = running(with_policy(RespawnPolicy::never), 10s);
  clean.ends("web.1", Exit::with_status(0));
  CHECK(clean.state("web.1") == WorkerState::exited);

  Bench unclean = running(with_policy(RespawnPolicy::never), 10s);
  unclean.ends("web.1", Exit::by_signal(11));
  CHECK(unclean.state("web.1") == WorkerState::failed);
  CHECK(unclean.group("web").state == GroupState::failed);
  CHECK(unclean.worker("web.1").message == "was killed by signal 11 (SEGV)");
}

TEST_CASE("respawn: under policy never, a worker that is not ready in time has failed", "[core]") {
  GroupSpec spec = group_spec("web");
  spec.respawn.policy = RespawnPolicy::never;
  Bench bench(spec);
  bench.start("web");
  bench.advance(60s);
  CHECK(bench.state("web.1") == WorkerState::failed);
  CHECK(bench.worker("web.1").message == "was not ready within 60s");
}

TEST_CASE(
    "respawn: a job that has done its work before it counted as ready is a start that went well",
    "[core]") {
  GroupSpec spec = group_spec("job");
  spec.ready.when = ReadyWhen::delay;
  spec.respawn.policy = RespawnPolicy::on_failure;
  Bench bench(spec);
  const CommandId start = bench.start("job");
  bench.ends("job.1", Exit::with_status(0));
  CHECK(bench.answer(start)->ok);
  CHECK(bench.state("job.1") == WorkerState::exited);
}

TEST_CASE("respawn: give_up makes a worker that fails too often failed, and says so", "[core]") {
  Bench bench = running(giving_up_after(3), 1s);
  for (int i = 0; i < 3; ++i) {
    bench.advance(1s);
    bench.ends("web.1", Exit::with_status(7));
  }
  CHECK(bench.state("web.1") == WorkerState::failed);
  CHECK(bench.worker("web.1").message ==
        "exited with status 7 before it was ready; given up after 3 failures within 60s");
  CHECK(bench.group("web").state == GroupState::failed);
  bench.advance(1h);
  CHECK(bench.spawns("web.1").size() == 3);
}

TEST_CASE("respawn: starting a worker that was given up forgets its failures", "[core]") {
  Bench bench = running(giving_up_after(2), 0s);
  bench.ends("web.1", Exit::with_status(1));
  bench.advance(100ms);
  bench.ends("web.1", Exit::with_status(1));
  REQUIRE(bench.state("web.1") == WorkerState::failed);
  bench.start("web");
  bench.ends("web.1", Exit::with_status(1));
  CHECK(bench.state("web.1") == WorkerState::backoff);
}

TEST_CASE(
    "respawn: what a dead main process leaves behind is asked to leave while the slot goes on",
    "[core]") {
  Bench bench = running({}, 10s);
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  bench.main_exits(old, Exit::with_status(1));
  CHECK(bench.process(old).tree_signals == std::vector<int>{15});
  CHECK(bench.process(old).main_signals.empty());
  REQUIRE(bench.worker("web.1").draining.size() == 1);
  const SpawnId next = bench.current("web.1");
  CHECK(next != old);
  bench.executes(next);
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
  bench.advance(35s);
  CHECK(bench.process(old).kills == 1);
  CHECK(bench.process(next).kills == 0);
  bench.tree_gone(old);
  CHECK(bench.process(old).forgotten);
  CHECK(bench.worker("web.1").draining.empty());
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.armed_timers() == 0);
}

TEST_CASE("respawn: a stop waits for what old processes left behind", "[core]") {
  Bench bench = running({}, 10s);
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  bench.main_exits(old, Exit::with_status(1));
  const SpawnId next = bench.current("web.1");
  const CommandId stop = bench.stop("web");
  bench.ends(next, Exit::by_signal(15));
  CHECK(bench.state("web.1") == WorkerState::stopping);
  CHECK_FALSE(bench.answer(stop).has_value());
  bench.tree_gone(old);
  CHECK(bench.state("web.1") == WorkerState::stopped);
  CHECK(bench.answer(stop)->ok);
}

TEST_CASE("respawn: remains that no KILL ends do not keep the slot from serving, but fail its stop",
          "[core]") {
  Bench bench = running({}, 10s);
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  bench.main_exits(old, Exit::with_status(1));
  bench.executes(bench.current("web.1"));
  bench.becomes_ready("web.1");
  bench.advance(10min);
  CHECK(bench.process(old).kills == kMaxKills);
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.armed_timers() == 0);
  const CommandId stop = bench.stop("web");
  bench.ends("web.1", Exit::by_signal(15));
  REQUIRE(bench.answer(stop).has_value());
  CHECK_FALSE(bench.answer(stop)->ok);
  CHECK(bench.state("web.1") == WorkerState::unkillable);
  bench.tree_gone(old);
  CHECK(bench.state("web.1") == WorkerState::stopped);
}

TEST_CASE("respawn: an end of which only the tree's is reported is one of unknown cause",
          "[core]") {
  Bench bench = running({}, 10s);
  const SpawnId old = bench.current("web.1");
  bench.tree_gone(old);
  CHECK(bench.process(old).forgotten);
  CHECK(bench.state("web.1") == WorkerState::starting);
  CHECK(bench.worker("web.1").last_exit->kind == Exit::Kind::unknown);
}

TEST_CASE("respawn: the timer of an earlier backoff does not shorten a later one", "[core]") {
  Bench bench = running({}, 0s);
  const SpawnId first = bench.current("web.1");
  bench.ends("web.1", Exit::with_status(1));
  bench.advance(100ms);
  bench.ends("web.1", Exit::with_status(1));
  REQUIRE(bench.state("web.1") == WorkerState::backoff);
  bench.send(TimerFired{.key = {.kind = TimerKind::backoff,
                                .worker = {.group = "web", .number = 1},
                                .spawn = first}});
  CHECK(bench.state("web.1") == WorkerState::backoff);
}

TEST_CASE(
    "respawn: a start that fails for want of what may be there in a moment is tried again, "
    "whatever the policy, and never given up",
    "[core]") {
  RespawnSpec respawn = giving_up_after(2);
  SECTION("never") { respawn.policy = RespawnPolicy::never; }
  SECTION("always") {}
  GroupSpec spec = group_spec("web");
  spec.respawn = respawn;
  spec.respawn.backoff.jitter = 0;
  Bench bench(spec);
  const CommandId asked = bench.start("web");
  for (const Duration delay : {100ms, 200ms, 400ms, 800ms}) {
    bench.ends("web.1", Exit::for_shortage("fork: Resource temporarily unavailable"));
    CHECK(bench.state("web.1") == WorkerState::backoff);
    CHECK(bench.worker("web.1").message.find("temporarily unavailable") != std::string::npos);
    bench.advance(delay);
    CHECK(bench.state("web.1") == WorkerState::starting);
  }
  // Who waits for the start is told at once.
  CHECK_FALSE(bench.answer(asked)->ok);
  bench.becomes_ready("web.1");
  CHECK(bench.state("web.1") == WorkerState::ready);
}
