#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/fd_name.h"
#include "keeper_under_test.h"
#include "os/listen_socket.h"

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

enum class Listens { no, yes };

// At a port of the kernel's choice.
UniqueFd bound(int type, Listens listens) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  if (listens == Listens::yes) REQUIRE(::listen(socket.get(), 1) == 0);
  return socket;
}
std::string item(const UniqueFd& socket) { return "listen/" + *os::local_address(socket.get()); }
std::string fd_name(const UniqueFd& socket) { return *keeper::to_fd_name(item(socket)); }

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
  const UniqueFd one = bound(SOCK_STREAM, Listens::yes);
  const UniqueFd two = bound(SOCK_STREAM, Listens::yes);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  KeeperUnderTest keeper({"LISTEN_FDNAMES=" + fd_name(one) + ":held:" + fd_name(two),
                          "STAND_IN_LISTENER=" + item(one)},
                         {one.get(), null.get(), two.get()});
  REQUIRE(keeper.supervised(1));
  std::vector<std::string> expected{"item " + item(one) + " 1", "item " + item(two) + " 1"};
  std::sort(expected.begin(), expected.end());
  expected.insert(expected.begin(), "item exits 1");
  CHECK(keeper.events("item ") == expected);
  // It has it already.
  keeper.signal(SIGRTMIN);
  CHECK(keeper.notified(30s) == "READY=1\nSTATUS=running");
  keeper.signal(SIGRTMIN + 9);
  CHECK(keeper.notified(30s) == "FDSTOREREMOVE=1\nFDNAME=" + fd_name(one));
}

TEST_CASE(
    "keeper: what the service manager kept and is not a listening socket of its name's address "
    "is closed, and taken out of its store",
    "[keeper]") {
  const UniqueFd datagram = bound(SOCK_DGRAM, Listens::no);
  const UniqueFd silent = bound(SOCK_STREAM, Listens::no);
  const UniqueFd elsewhere = bound(SOCK_STREAM, Listens::yes);
  const UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  KeeperUnderTest keeper({"LISTEN_FDNAMES=" + fd_name(datagram) + ":" + fd_name(silent) + ":" +
                          "listen/127.0.0.1%3A1:listen/unix%3A/directory"},
                         {datagram.get(), silent.get(), elsewhere.get(), directory.get()});
  REQUIRE(keeper.supervised(1));
  CHECK(keeper.events("item ") == std::vector<std::string>{"item exits 1"});
  for (const std::string& name :
       {fd_name(datagram), fd_name(silent), std::string("listen/127.0.0.1%3A1"),
        std::string("listen/unix%3A/directory")}) {
    CHECK(keeper.notified(30s) == "FDSTOREREMOVE=1\nFDNAME=" + name);
  }
}

TEST_CASE("keeper: descriptors that were given to another process are not taken", "[keeper]") {
  const KeeperUnderTest keeper(
      {"LISTEN_FDNAMES=listen/x", "LISTEN_FDS=1", fmt::format("LISTEN_PID={}", ::getpid())});
  REQUIRE(keeper.supervised(1));
  CHECK(keeper.events("item ") == std::vector<std::string>{"item exits 1"});
}
