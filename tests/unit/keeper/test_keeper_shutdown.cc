#include <csignal>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using superd::keeper::test::KeeperUnderTest;
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
  CHECK(WEXITSTATUS(*status) == 5);
  CHECK(keeper.events(fmt::format("signal {}", SIGTERM)).size() == 1);
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

TEST_CASE("keeper: supervisor and logger leave by themselves when the keeper is killed",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  REQUIRE(keeper.nth_pid(1, "logger") > 0);
  keeper.signal(SIGKILL);
  CHECK(keeper.nth_event(1, "supervisor leaves"));
  CHECK(keeper.nth_event(1, "logger leaves"));
}
