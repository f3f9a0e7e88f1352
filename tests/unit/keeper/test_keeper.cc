#include <csignal>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using superd::keeper::test::KeeperUnderTest;
using superd::keeper::test::wait_until;
using namespace std::chrono_literals;

TEST_CASE("keeper: its children start with clean signals, own session, no NOTIFY_SOCKET",
          "[keeper]") {
  const KeeperUnderTest keeper;
  const pid_t supervisor = keeper.nth_pid(1, "supervisor");
  CHECK(keeper.nth_event(1, "supervisor ") ==
        fmt::format("supervisor {0} session {0} notify none signals clean", supervisor));
}

TEST_CASE("keeper: descriptors survive a supervisor that is killed", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGKILL) == 0);
  REQUIRE(keeper.supervised(2));
  CHECK(keeper.events("item held") == std::vector<std::string>{"item held 2"});
  CHECK(keeper.nth_event(1, "held ") == "held kept");
  CHECK(keeper.nth_pid(2, "supervisor") != keeper.nth_pid(1, "supervisor"));
}

TEST_CASE("keeper: what was dropped is not given back, what is asked for comes once more",
          "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  keeper.signal(SIGRTMIN + 5);
  CHECK(keeper.nth_event(1, "item held") == "item held 2");
  keeper.signal(SIGUSR2);
  REQUIRE(keeper.nth_event(1, fmt::format("signal {}", SIGUSR2)));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGKILL) == 0);
  REQUIRE(keeper.supervised(2));
  CHECK(keeper.events("item held").size() == 1);
}

TEST_CASE("keeper: what a supervisor put right before it died is held", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGRTMIN + 2);
  REQUIRE(keeper.supervised(2));
  CHECK(keeper.events("item last").size() == 100);
}

TEST_CASE("keeper: hundreds of descriptors of one item are given back whole", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGRTMIN + 3);
  REQUIRE(keeper.nth_event(1, "put many"));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGKILL) == 0);
  REQUIRE(keeper.supervised(2));
  CHECK(keeper.nth_event(1, "item many") == "item many 600");
}

TEST_CASE("keeper: a supervisor is started again as often as it dies", "[keeper]") {
  const KeeperUnderTest keeper;
  for (std::size_t life = 1; life <= 4; ++life) {
    REQUIRE(keeper.supervised(life));
    REQUIRE(::kill(keeper.nth_pid(life, "supervisor"), SIGKILL) == 0);
  }
  CHECK(keeper.supervised(5));
}

TEST_CASE("keeper: after three crashes within ten seconds one supervisor sets the journal aside",
          "[keeper]") {
  const KeeperUnderTest keeper;
  for (std::size_t life = 1; life <= 4; ++life) {
    REQUIRE(keeper.supervised(life));
    REQUIRE(::kill(keeper.nth_pid(life, "supervisor"), SIGKILL) == 0);
  }
  REQUIRE(keeper.supervised(5));
  CHECK(keeper.events("items end") ==
        std::vector<std::string>{"items end, journal read", "items end, journal read",
                                 "items end, journal read", "items end, journal aside",
                                 "items end, journal read"});
}

TEST_CASE("keeper: supervisor and logger get a fresh connection when one of them starts again",
          "[keeper]") {
  const KeeperUnderTest keeper;
  const pid_t first = keeper.nth_pid(1, "supervisor");
  REQUIRE(keeper.nth_event(1, fmt::format("logger got hello from {}", first)));
  REQUIRE(::kill(keeper.nth_pid(1, "logger"), SIGKILL) == 0);
  REQUIRE(keeper.nth_pid(2, "logger") > 0);
  CHECK(keeper.nth_event(2, fmt::format("logger got hello from {}", first)));
  REQUIRE(::kill(first, SIGKILL) == 0);
  const pid_t second = keeper.nth_pid(2, "supervisor");
  CHECK(keeper.nth_event(1, fmt::format("logger got hello from {}", second)));
}

TEST_CASE("keeper: an orphan comes home, is reaped and reported with status and start time",
          "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGHUP);
  const auto orphan = keeper.nth_event(1, "orphan ");
  REQUIRE(orphan);
  const int pid = std::atoi(orphan->c_str() + 7);
  CHECK(*orphan == fmt::format("orphan {} of {}", pid, keeper.pid()));
  CHECK(keeper.nth_event(1, fmt::format("exit {} ", pid)) ==
        fmt::format("exit {} status 7 started true", pid));
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("keeper: forwards HUP, USR1, USR2, WINCH and real-time signals to the supervisor",
          "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN, SIGRTMAX}) {
    keeper.signal(number);
    CHECK(keeper.nth_event(1, fmt::format("signal {}", number)));
  }
}

TEST_CASE("keeper: a signal that comes while no supervisor runs is kept for the next one",
          "[keeper]") {
  const KeeperUnderTest keeper;
  for (std::size_t life = 1; life <= 4; ++life) {
    REQUIRE(keeper.supervised(life));
    REQUIRE(::kill(keeper.nth_pid(life, "supervisor"), SIGKILL) == 0);
  }
  // In the pause before the fifth one, unless this machine is very slow.
  keeper.signal(SIGRTMIN + 15);
  CHECK(keeper.nth_event(1, fmt::format("signal {}", SIGRTMIN + 15)));
}

TEST_CASE("keeper: a stuck supervisor blocks neither reaping nor the logger's restart",
          "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGHUP);
  REQUIRE(keeper.nth_event(1, "exit "));
  keeper.signal(SIGRTMIN + 4);
  REQUIRE(keeper.nth_event(1, fmt::format("signal {}", SIGRTMIN + 4)));
  for (int i = 0; i < 2000; ++i) keeper.signal(SIGUSR2);
  REQUIRE(::kill(keeper.nth_pid(1, "logger"), SIGKILL) == 0);
  CHECK(keeper.nth_pid(2, "logger") > 0);
}

TEST_CASE("keeper: tells who waits for the start and the service manager, once", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGRTMIN + 1);
  CHECK(keeper.ready_code() == 1);
  CHECK(keeper.ready_code() == std::nullopt);
  CHECK(keeper.notified(30s) == "READY=1\nSTATUS=some groups did not start");
}
