#include <csignal>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using superd::keeper::test::KeeperUnderTest;
using superd::keeper::test::state;
using superd::keeper::test::wait_until;

TEST_CASE("keeper: after an ordered shutdown it lets both children leave and exits with the code",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  REQUIRE(wait_until([&] { return ::access(keeper.file("superd.pid").c_str(), F_OK) == 0; }));
  keeper.signal(SIGTERM);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  CHECK(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 5);
  CHECK(keeper.events("supervisor leaves").size() == 1);
  CHECK(keeper.events("logger leaves").size() == 1);
  CHECK(::access(keeper.file("superd.pid").c_str(), F_OK) != 0);
  CHECK(keeper.ready_code() == std::nullopt);
}

TEST_CASE("keeper: a child that does not leave after the shutdown is killed", "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  const pid_t supervisor = keeper.nth_pid(1, "supervisor");
  keeper.signal(SIGRTMIN + 6);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  CHECK(WEXITSTATUS(*status) == 0);
  CHECK(::kill(supervisor, 0) != 0);
}

TEST_CASE("keeper: a shutdown is repeated to the supervisor that follows one killed in it",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  // The stand-in dies of INT; the next one gets TERM and finishes.
  keeper.signal(SIGINT);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  REQUIRE(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 5);
  CHECK(keeper.events(fmt::format("signal {}", SIGTERM)).size() == 1);
}

TEST_CASE("keeper: that the logger died is read with the supervisor's last words, in one turn",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  const pid_t supervisor = keeper.nth_pid(1, "supervisor");
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  keeper.signal(SIGTERM);
  // Once it has seen to this, it has passed on the signal.
  REQUIRE(::kill(keeper.nth_pid(1, "logger"), SIGKILL) == 0);
  const pid_t logger = keeper.nth_pid(2, "logger");
  REQUIRE(logger > 0);
  keeper.signal(SIGSTOP);
  REQUIRE(wait_until([&] { return state(keeper.pid()) == 'T'; }));
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  REQUIRE(keeper.nth_event(1, "finished"));
  REQUIRE(::kill(logger, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return state(logger) == 'Z'; }));
  keeper.signal(SIGCONT);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  REQUIRE(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 5);
}

TEST_CASE("keeper: it leaves with 1 when every supervisor dies of the shutdown", "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  std::ofstream(keeper.file("deadly")) << "TERM kills the stand-in";
  keeper.signal(SIGTERM);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  CHECK(WEXITSTATUS(*status) == 1);
  CHECK(keeper.events("supervisor ").size() == 3);
}

TEST_CASE("keeper: when it is killed the supervisor is gone, and the logger leaves by itself",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  REQUIRE(keeper.nth_pid(1, "logger") > 0);
  const pid_t supervisor = keeper.nth_pid(1, "supervisor");
  // Neither stopped nor busy does it live on beside the supervisor of another keeper.
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  keeper.signal(SIGKILL);
  CHECK(wait_until([&] { return state(supervisor) == 'Z' || state(supervisor) == ' '; }));
  CHECK(keeper.nth_event(1, "logger leaves"));
}
