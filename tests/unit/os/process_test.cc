#include "os/process.h"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

TEST_CASE("process: a PID with another start time is never signalled", "[os]") {
  const Sleeper sleeper;
  const Result<ProcessId> id = process_id(sleeper.pid());
  REQUIRE(id);
  const ProcessId other{.pid = id->pid, .start_time = id->start_time + 1};
  const Status refused = signal_process(other, SIGKILL);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ESRCH);
  CHECK_FALSE(has_ended(sleeper.pidfd()));
  CHECK(signal_process(*id, SIGKILL));
  CHECK(wait_until([&] { return has_ended(sleeper.pidfd()); }));
}

TEST_CASE("process: a process that has gone is ESRCH for everyone who asks", "[os]") {
  Result<UniqueFd> pidfd;
  ProcessId id;
  {
    const Sleeper sleeper;
    id = *process_id(sleeper.pid());
    pidfd = open_pidfd(id);
    REQUIRE(pidfd);
  }
  CHECK(has_ended(pidfd->get()));
  CHECK(signal_pidfd(pidfd->get(), SIGTERM).error().code == ESRCH);
  CHECK(signal_process(id, SIGTERM).error().code == ESRCH);
  CHECK(start_time(id.pid).error().code == ESRCH);
}

TEST_CASE("process: an end can be looked at before it is taken away", "[os]") {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "kill -SEGV $$"};
  request.rlimits = {{.resource = RLIMIT_CORE, .soft = 0, .hard = 0}};
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  const int pidfd = spawned->pidfd.get();
  REQUIRE(wait_until([&] { return has_ended(pidfd); }));
  const Exit expected{.kind = Exit::Kind::signalled, .value = SIGSEGV};
  CHECK(**peek_exit(pidfd) == expected);
  CHECK(start_time(spawned->pid).has_value());
  CHECK(**reap(pidfd) == expected);
  CHECK(reap(pidfd).error().code == ECHILD);
}

TEST_CASE("process: a running process has no end yet", "[os]") {
  const Sleeper sleeper;
  const Result<std::optional<Exit>> exit = peek_exit(sleeper.pidfd());
  REQUIRE(exit);
  CHECK_FALSE(exit->has_value());
}

TEST_CASE("process: whichever child has ended is taken away with its start time", "[os]") {
  CHECK_FALSE(reap_next()->has_value());
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "exit 3"};
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  REQUIRE(wait_until([&] { return has_ended(spawned->pidfd.get()); }));
  const ProcessId id = *process_id(spawned->pid);
  const Result<std::optional<Reaped>> reaped = reap_next();
  REQUIRE(reaped);
  REQUIRE(reaped->has_value());
  CHECK((*reaped)->process == id);
  CHECK((*reaped)->exit == Exit{.kind = Exit::Kind::exited, .value = 3});
  CHECK_FALSE(reap_next()->has_value());
}

TEST_CASE("process: an end survives the way through a wait status", "[os]") {
  for (const Exit& exit :
       {Exit{.kind = Exit::Kind::exited, .value = 0},
        Exit{.kind = Exit::Kind::exited, .value = 255},
        Exit{.kind = Exit::Kind::signalled, .value = SIGKILL},
        Exit{.kind = Exit::Kind::signalled, .value = SIGABRT, .core_dumped = true}}) {
    CHECK(exit_from_wait_status(to_wait_status(exit)) == exit);
  }
}
