#include <cerrno>
#include <csignal>
#include <filesystem>
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
using namespace std::chrono_literals;

namespace {

const int kUpgrade = SIGRTMIN + 11;

// What lies where the keeper's program lay.
void install(const KeeperUnderTest& keeper, const char* program) {
  std::filesystem::create_symlink(program, keeper.file("program"));
}

std::string failed(int error) { return fmt::format("upgrade failed {}", error); }

}  // namespace

TEST_CASE("upgrade: the keeper becomes the program on disk, in the same process, with all it has",
          "[keeper]") {
  KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  const pid_t supervisor = keeper.nth_pid(1, "supervisor");
  const pid_t logger = keeper.nth_pid(1, "logger");
  keeper.signal(kUpgrade);
  REQUIRE(keeper.supervised(2));
  CHECK(keeper.events("keeper resumes").size() == 1);
  // Both were told, and left, before the next ones began.
  CHECK(keeper.events("supervisor leaves").size() == 1);
  CHECK(state(supervisor) == ' ');
  REQUIRE(keeper.nth_pid(2, "logger") > 0);
  CHECK(keeper.events("logger leaves").size() == 1);
  CHECK(state(logger) == ' ');
  CHECK(keeper.events("item held") == std::vector<std::string>{"item held 2"});
  CHECK(keeper.nth_event(1, "held ") == "held kept");
  CHECK(keeper.nth_event(1,
                         fmt::format("logger got hello from {}", keeper.nth_pid(2, "supervisor"))));
  // It reaps what comes home, tells who waits for the start, and ends as it should.
  keeper.signal(SIGHUP);
  CHECK(keeper.nth_event(1, "exit "));
  keeper.signal(SIGRTMIN);
  CHECK(keeper.ready_code() == 0);
  CHECK(keeper.notified(30s) == "READY=1\nSTATUS=running");
  keeper.signal(SIGTERM);
  const auto status = keeper.wait_for_end();
  REQUIRE(status);
  REQUIRE(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 5);
}

TEST_CASE("upgrade: it can be done again and again, and no descriptor is lost or left",
          "[keeper]") {
  const KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGRTMIN + 3);
  REQUIRE(keeper.nth_event(1, "put many"));
  const auto count = [&] {
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(keeper.pid()) + "/fd");
    return std::distance(fds, std::filesystem::directory_iterator());
  };
  // What this test has inherited, and so the first keeper, is gone after the first upgrade.
  std::ptrdiff_t before = 0;
  for (std::size_t life = 2; life <= 5; ++life) {
    keeper.signal(kUpgrade);
    REQUIRE(keeper.supervised(life));
    REQUIRE(keeper.nth_event(
        1, fmt::format("logger got hello from {}", keeper.nth_pid(life, "supervisor"))));
    CHECK(keeper.nth_event(life - 1, "item many") == "item many 600");
    if (life == 2) before = count();
  }
  CHECK(wait_until([&] { return count() == before; }));
}

TEST_CASE("upgrade: signals that come while it is done are not lost", "[keeper]") {
  const KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  for (int i = 0; i < 20; ++i) {
    keeper.signal(SIGRTMIN + 15);
    ::usleep(1000);
  }
  CHECK(keeper.nth_event(20, fmt::format("signal {}", SIGRTMIN + 15)));
  REQUIRE(keeper.supervised(2));
}

TEST_CASE("upgrade: where no program is, all goes on, and the supervisor is told", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  CHECK(keeper.nth_event(1, "upgrade failed") == failed(ENOENT));
  keeper.signal(SIGUSR1);
  CHECK(keeper.nth_event(1, "put held"));
  CHECK(keeper.events("supervisor ").size() == 1);
}

TEST_CASE("upgrade: a program that cannot read the state is not executed", "[keeper]") {
  const KeeperUnderTest keeper;
  const std::string program = GENERATE("/bin/false", "/dev/null", "/tmp");
  install(keeper, program.c_str());
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  CHECK(keeper.nth_event(1, "upgrade failed") == failed(EBADMSG));
  keeper.signal(SIGUSR1);
  CHECK(keeper.nth_event(1, "put held"));
  CHECK(keeper.events("supervisor ").size() == 1);
}

TEST_CASE("upgrade: a program that does not end its check is not waited for", "[keeper]") {
  const KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  std::ofstream(keeper.file("endless check")).put('\n');
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  CHECK(keeper.nth_event(1, "upgrade failed") == failed(ETIMEDOUT));
  CHECK(keeper.events("supervisor ").size() == 1);
}

TEST_CASE("upgrade: one that is asked for while it is done is the same one, and has its answer",
          "[keeper]") {
  const KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  std::ofstream(keeper.file("endless check")).put('\n');
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  keeper.signal(kUpgrade);
  CHECK(keeper.nth_event(1, "upgrade failed") == failed(ETIMEDOUT));
  // What was said to the supervisor before this has come by now.
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  CHECK(keeper.events("upgrade failed").size() == 1);
}

TEST_CASE("upgrade: a program that cannot be executed in the end changes nothing", "[keeper]") {
  const KeeperUnderTest keeper;
  std::filesystem::copy_file(KEEPER_STAND_IN, keeper.file("program"));
  std::ofstream(keeper.file("not executable")).put('\n');
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  CHECK(keeper.nth_event(1, "upgrade failed") == failed(EACCES));
  // What was made ready for the other program is closed to children again.
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  REQUIRE(::kill(keeper.nth_pid(1, "supervisor"), SIGKILL) == 0);
  REQUIRE(keeper.supervised(2));
  const std::filesystem::directory_iterator fds(
      fmt::format("/proc/{}/fd", keeper.nth_pid(1, "logger")));
  CHECK(std::distance(fds, std::filesystem::directory_iterator()) < 8);
}

TEST_CASE("upgrade: a supervisor that makes no room for the new program is killed", "[keeper]") {
  const KeeperUnderTest keeper;
  install(keeper, KEEPER_STAND_IN);
  std::ofstream(keeper.file("slow")).put('\n');
  REQUIRE(keeper.supervised(1));
  keeper.signal(kUpgrade);
  CHECK(keeper.supervised(2));
  CHECK(state(keeper.nth_pid(1, "supervisor")) == ' ');
}
