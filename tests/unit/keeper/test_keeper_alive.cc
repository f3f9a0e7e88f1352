#include <csignal>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using superd::keeper::test::KeeperUnderTest;
using superd::keeper::test::wait_until;
using namespace std::chrono_literals;

TEST_CASE("keeper: a supervisor that is stopped is killed and started again", "[keeper]") {
  const KeeperUnderTest keeper({"STAND_IN_IMPATIENT=1"});
  REQUIRE(keeper.supervised(1));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGSTOP) == 0);
  CHECK(keeper.supervised(2));
}

TEST_CASE("keeper: a supervisor that stands in the middle of its work is killed as well",
          "[keeper]") {
  const KeeperUnderTest keeper({"STAND_IN_IMPATIENT=1"});
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGRTMIN + 4);
  CHECK(keeper.supervised(2));
}

TEST_CASE("keeper: the watchdog of the service manager is fed only while the supervisor answers",
          "[keeper]") {
  const KeeperUnderTest keeper({"WATCHDOG_USEC=100000"});
  REQUIRE(keeper.supervised(1));
  for (int i = 0; i < 5; ++i) CHECK(keeper.notified(30s) == "WATCHDOG=1");
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGSTOP) == 0);
  CHECK(wait_until([&] { return keeper.notified(1s).empty(); }));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGCONT) == 0);
  CHECK(keeper.notified(30s) == "WATCHDOG=1");
}

TEST_CASE("keeper: a logger that is stopped is killed and started again", "[keeper]") {
  const KeeperUnderTest keeper({"STAND_IN_IMPATIENT=1"});
  REQUIRE(keeper.supervised(1));
  const pid_t stopped = keeper.nth_pid(1, "logger");
  REQUIRE(stopped > 0);
  REQUIRE(::kill(stopped, SIGSTOP) == 0);
  CHECK(keeper.nth_pid(2, "logger") > 0);
}

TEST_CASE("keeper: a worker that writes does not stand while loggers are stopped", "[keeper]") {
  const KeeperUnderTest keeper({"STAND_IN_IMPATIENT=1"});
  REQUIRE(keeper.supervised(1));
  std::size_t stopped = 0;
  const auto stop_next = [&] {
    const pid_t logger = keeper.nth_pid(++stopped, "logger");
    return logger > 0 && ::kill(logger, SIGSTOP) == 0;
  };
  REQUIRE(stop_next());
  keeper.signal(SIGRTMIN + 7);
  while (stopped < 5 && keeper.events("written").empty()) REQUIRE(stop_next());
  CHECK(wait_until([&] { return !keeper.events("written").empty(); }));
}
