#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/private_sockets.h"
#include "os/connect.h"
#include "os/listen_socket.h"

using namespace superd;
using namespace superd::daemon;

namespace {

core::GroupSpec group_with(core::Family family) {
  core::GroupSpec group;
  group.listen.resize(4);
  group.listen[0].address = "127.0.0.1:8000";
  group.listen[1].sharing = core::Sharing::spawn;
  group.listen[2].family = core::Family::unix_path;
  group.listen[2].path = "/run/web.sock";
  group.listen[3].sharing = core::Sharing::spawn;
  for (const int i : {1, 3}) group.listen[static_cast<std::size_t>(i)].family = family;
  return group;
}

struct Folder {
  std::string path = "/tmp/superd-private-" + std::to_string(::getpid());
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("private: each spawn gets ports of its own on the loopback, which listen", "[private]") {
  for (const auto& [family, prefix] :
       {std::pair{core::Family::tcp4, "127.0.0.1:"}, std::pair{core::Family::tcp6, "[::1]:"}}) {
    const auto group = group_with(family);
    const auto one =
        open_private_sockets(group, {.dir = "/nonexistent", .spawn = core::SpawnId{1}});
    const auto two =
        open_private_sockets(group, {.dir = "/nonexistent", .spawn = core::SpawnId{2}});
    if (!one && one.error().code == EADDRNOTAVAIL) continue;  // a machine without IPv6
    REQUIRE(one);
    REQUIRE(two);
    std::vector<std::string> addresses;
    for (const auto* sockets : {&*one, &*two}) {
      REQUIRE(sockets->size() == 2);
      for (const PrivateSocket& socket : *sockets) {
        CHECK(socket.address.starts_with(prefix));
        CHECK(*os::local_address(socket.fd.get()) == socket.address);
        CHECK((::fcntl(socket.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
        CHECK(os::begin_connect(*os::bound_address(socket.fd.get())));
        addresses.push_back(socket.address);
      }
    }
    std::sort(addresses.begin(), addresses.end());
    CHECK(std::unique(addresses.begin(), addresses.end()) == addresses.end());
  }
}

TEST_CASE("private: a unix one is for the worker's user alone, and its path goes with the spawn",
          "[private]") {
  const Folder folder;
  const core::SpawnId spawn{4294967295123};
  const auto sockets = open_private_sockets(group_with(core::Family::unix_path),
                                            {.dir = folder.path, .spawn = spawn});
  REQUIRE(sockets);
  REQUIRE(sockets->size() == 2);
  CHECK((*sockets)[1].address == folder.path + "/4294967295123.1");
  struct stat made {};
  REQUIRE(::stat((*sockets)[0].address.c_str(), &made) == 0);
  CHECK(S_ISSOCK(made.st_mode));
  CHECK((made.st_mode & 0777U) == 0600U);
  REQUIRE(::stat(folder.path.c_str(), &made) == 0);
  CHECK((made.st_mode & 0777U) == 0711U);
  CHECK(os::begin_connect(*os::bound_address((*sockets)[0].fd.get())));
  // A runner may remove what it was given.
  ::unlink((*sockets)[0].address.c_str());
  remove_private_paths(folder.path, spawn);
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("private: a place that cannot be had is told with the socket's name", "[private]") {
  auto group = group_with(core::Family::unix_path);
  group.listen[1].name = "probe";
  const Folder folder;
  const std::string file = folder.path + "/file";
  std::filesystem::create_directory(folder.path);
  std::ofstream(file) << "no directory";
  const auto none =
      open_private_sockets(group, {.dir = file + "/private", .spawn = core::SpawnId{1}});
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "mkdir " + file + "/private: Not a directory");
  std::filesystem::create_directories(folder.path + "/1.0");
  const auto taken = open_private_sockets(group, {.dir = folder.path, .spawn = core::SpawnId{1}});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message.starts_with("the private socket probe: "));
}

TEST_CASE("private: a worker gets all its sockets in the order of `listen`", "[private]") {
  const auto group = group_with(core::Family::tcp4);
  std::vector<PrivateSocket> own(2);
  own[0].address = "127.0.0.1:1";
  own[1].address = "127.0.0.1:2";
  const SpawnSockets sockets = in_listen_order(group, {10, 11}, own);
  CHECK(sockets.fds == std::vector<int>{10, -1, 11, -1});
  CHECK(sockets.addresses ==
        std::vector<std::string>{"127.0.0.1:8000", "127.0.0.1:1", "/run/web.sock", "127.0.0.1:2"});
}
