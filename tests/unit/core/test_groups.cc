#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace superd::core;
using namespace std::chrono_literals;

using Path = std::vector<std::string>;

namespace {

Worker worker_in(WorkerState state, Afterwards afterwards = Afterwards::rest) {
  Worker worker;
  worker.state = state;
  worker.afterwards = afterwards;
  return worker;
}

GroupState derived(const std::vector<Worker>& workers, GroupState before = GroupState::running) {
  Group group;
  group.workers = workers;
  group.state = before;
  return derive_state(group);
}

const Worker kStopped = worker_in(WorkerState::stopped);
const Worker kStarting = worker_in(WorkerState::starting);
const Worker kReady = worker_in(WorkerState::ready);
const Worker kStopping = worker_in(WorkerState::stopping);
const Worker kLeavingToStart = worker_in(WorkerState::stopping, Afterwards::start);
const Worker kBackoff = worker_in(WorkerState::backoff);
const Worker kFailed = worker_in(WorkerState::failed);
const Worker kExited = worker_in(WorkerState::exited);
const Worker kUnkillable = worker_in(WorkerState::unkillable);

}  // namespace

TEST_CASE("group state: running when every worker that is wanted is ready", "[core]") {
  CHECK(derived({kReady, kReady}) == GroupState::running);
  CHECK(derived({kReady, kStopped}) == GroupState::running);
  CHECK(derived({kReady, kExited}) == GroupState::running);
  CHECK(derived({kReady, kStopping}) == GroupState::running);
}

TEST_CASE("group state: stopped when none is wanted and none is left, stopping until then",
          "[core]") {
  CHECK(derived({kStopped, kStopped}) == GroupState::stopped);
  CHECK(derived({kStopped, kExited}) == GroupState::stopped);
  CHECK(derived({kStopped, kStopping}) == GroupState::stopping);
  CHECK(derived({kUnkillable, kStopped}) == GroupState::stopping);
  CHECK(derived({}) == GroupState::stopped);
}

TEST_CASE("group state: starting while it comes up, degraded once one of its workers is in trouble",
          "[core]") {
  CHECK(derived({kReady, kStarting}, GroupState::stopped) == GroupState::starting);
  CHECK(derived({kReady, kStarting}, GroupState::starting) == GroupState::starting);
  CHECK(derived({kReady, kBackoff}, GroupState::starting) == GroupState::degraded);
  CHECK(derived({kReady, kFailed}, GroupState::starting) == GroupState::degraded);
  CHECK(derived({kReady, kStarting}, GroupState::running) == GroupState::degraded);
  CHECK(derived({kReady, kLeavingToStart}, GroupState::running) == GroupState::degraded);
  CHECK(derived({kStarting, kBackoff}, GroupState::degraded) == GroupState::starting);
  CHECK(derived({kLeavingToStart}) == GroupState::starting);
}

TEST_CASE("group state: failed when none is ready or on the way and one was given up", "[core]") {
  CHECK(derived({kFailed, kFailed}) == GroupState::failed);
  CHECK(derived({kFailed, kStopped}) == GroupState::failed);
  CHECK(derived({kFailed, kBackoff}) == GroupState::starting);
  CHECK(derived({kFailed, kReady}) == GroupState::degraded);
}

TEST_CASE("group: its states follow a start, a crash, the respawn and a stop", "[core]") {
  Bench bench(group_spec("web", 2));
  bench.start("web");
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  bench.advance(10s);
  bench.ends("web.1", Exit::by_signal(9));
  bench.becomes_ready("web.1");
  bench.manners = Bench::Manners::silent;
  bench.stop("web");
  bench.ends("web.1", Exit::by_signal(15));
  bench.ends("web.2", Exit::by_signal(15));
  CHECK(bench.group_path("web") ==
        Path{"stopped", "starting", "running", "degraded", "running", "stopping", "stopped"});
}

TEST_CASE("group: a change of its state carries the cause of that change", "[core]") {
  Bench bench(group_spec("web", 2));
  bench.send(StartRequested{
      .command = CommandId{1}, .target = {.group = "web", .worker = 0}, .cause = "boot"});
  bench.becomes_ready("web.1");
  bench.becomes_ready("web.2");
  bench.ends("web.1", Exit::by_signal(9));
  bench.stop("web");
  std::vector<std::string> causes;
  for (const Effect& effect : bench.effects()) {
    if (const auto* e = std::get_if<GroupChanged>(&effect)) causes.push_back(e->cause);
  }
  CHECK(causes == Path{"boot", "boot", "exit", "command", "command"});
}

TEST_CASE("group: a command that changes nothing is not the cause of what is", "[core]") {
  Bench bench(group_spec("web"));
  const Target web{.group = "web", .worker = 0};
  bench.send(StartRequested{.command = CommandId{1}, .target = web, .cause = "boot"});
  bench.becomes_ready("web.1");
  bench.send(StartRequested{.command = CommandId{2}, .target = web, .cause = "again"});
  CHECK(bench.group("web").cause == "boot");
  bench.send(StopRequested{.command = CommandId{3}, .target = web, .cause = "stop"});
  bench.send(StopRequested{.command = CommandId{4}, .target = web, .cause = "again"});
  CHECK(bench.group("web").cause == "stop");
}

TEST_CASE("group: its uptime counts from its last start out of stopped or failed", "[core]") {
  GroupSpec spec = group_spec("web");
  spec.respawn.policy = RespawnPolicy::never;
  Bench bench(spec);
  bench.start("web");
  const TimePoint first = bench.group("web").up_since;
  bench.becomes_ready("web.1");
  bench.advance(1h);
  bench.restart("web");
  bench.next_becomes_ready("web.1");
  CHECK(bench.group("web").up_since == first);
  bench.ends("web.1", Exit::with_status(1));
  bench.start("web");
  CHECK(bench.group("web").up_since == first + 1h);
}

TEST_CASE("worker: a change of its state tells spawn, pid, generation and how the process ended",
          "[core]") {
  Bench bench(group_spec("web"));
  bench.start("web");
  const SpawnId spawn = bench.current("web.1");
  bench.becomes_ready("web.1");
  bench.ends(spawn, Exit::with_status(5));
  std::vector<WorkerChanged> changes;
  for (const Effect& effect : bench.effects()) {
    if (const auto* e = std::get_if<WorkerChanged>(&effect)) changes.push_back(*e);
  }
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].to == WorkerState::ready);
  CHECK(changes[1].spawn == spawn);
  CHECK(changes[1].pid == 1000 + static_cast<std::int64_t>(spawn));
  CHECK(changes[1].generation == 1);
  CHECK_FALSE(changes[1].exit.has_value());
  CHECK(changes[2].to == WorkerState::backoff);
  CHECK(changes[2].cause == "exit");
  CHECK(changes[2].message == "exited with status 5");
  CHECK(changes[2].spawn == spawn);
  CHECK(changes[2].exit == Exit::with_status(5));
}
