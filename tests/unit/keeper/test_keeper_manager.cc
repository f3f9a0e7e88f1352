#include <csignal>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using namespace superd;
using superd::keeper::test::KeeperUnderTest;
using namespace std::chrono_literals;

namespace {

constexpr const char* kStore = "FDSTORE=1\nFDPOLL=0\nFDNAME=listen/127.0.0.1%3A80";
constexpr const char* kRemove = "FDSTOREREMOVE=1\nFDNAME=listen/127.0.0.1%3A80";

bool is_socket(int fd) {
  struct stat stat {};
  return ::fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode);
}

}  // namespace

TEST_CASE("keeper: listening sockets go to the service manager as well, and nothing else does",
          "[keeper]") {
  KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  keeper.signal(SIGUSR1);
  REQUIRE(keeper.nth_event(1, "put held"));
  keeper.signal(SIGRTMIN + 8);
  CHECK(keeper.notified(30s) == kStore);
  CHECK(is_socket(keeper.take_stored().get()));
  // Another socket for the same address takes the place of the first.
  keeper.signal(SIGRTMIN + 8);
  CHECK(keeper.notified(30s) == kRemove);
  CHECK(keeper.notified(30s) == kStore);
  keeper.signal(SIGRTMIN + 9);
  CHECK(keeper.notified(30s) == kRemove);
}

TEST_CASE("keeper: a socket that the service manager kept is held from the start", "[keeper]") {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  KeeperUnderTest keeper({"LISTEN_FDNAMES=listen/127.0.0.1%3A80:held:listen/a"},
                         {socket.get(), null.get(), socket.get()});
  REQUIRE(keeper.supervised(1));
  CHECK(keeper.events("item ") ==
        std::vector<std::string>{"item exits 1", "item listen/127.0.0.1:80 1", "item listen/a 1"});
  // It has it already.
  keeper.signal(SIGRTMIN);
  CHECK(keeper.notified(30s) == "READY=1\nSTATUS=running");
  keeper.signal(SIGRTMIN + 9);
  CHECK(keeper.notified(30s) == kRemove);
}

TEST_CASE("keeper: descriptors that were given to another process are not taken", "[keeper]") {
  const KeeperUnderTest keeper(
      {"LISTEN_FDNAMES=listen/x", "LISTEN_FDS=1", fmt::format("LISTEN_PID={}", ::getpid())});
  REQUIRE(keeper.supervised(1));
  CHECK(keeper.events("item ") == std::vector<std::string>{"item exits 1"});
}
