#include "os/credentials.h"

#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_socket.h"
#include "os/unix_address.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

TEST_CASE("credentials: a user is found by name and by number", "[os]") {
  const Result<User> by_name = find_user("root");
  REQUIRE(by_name);
  CHECK(by_name->uid == 0);
  CHECK(by_name->home == "/root");
  CHECK(find_user("0")->name == "root");
  CHECK(find_user(uid_t{0})->name == "root");
  CHECK(*find_group("root") == 0);
  CHECK(*find_group("12345") == 12345);
}

TEST_CASE("credentials: a number without an entry is a user all the same", "[os]") {
  const Result<User> user = find_user("23456");
  REQUIRE(user);
  CHECK(user->name == "23456");
  CHECK(user->uid == 23456);
  CHECK(*supplementary_groups(*user) == std::vector<gid_t>{user->gid});
}

TEST_CASE("credentials: a name that nobody has is told", "[os]") {
  for (const char* name : {"no-such-user", "-1", "4294967295", "12x", ""}) {
    const Result<User> user = find_user(name);
    REQUIRE_FALSE(user);
    CHECK(user.error().code == ENOENT);
    CHECK(user.error().message == std::string("no user \"") + name + "\"");
    CHECK(find_group(name).error().code == ENOENT);
  }
}

TEST_CASE("credentials: the peer of a connection is the process that connected", "[os]") {
  const TempDir dir;
  ListenRequest request;
  request.family = SocketFamily::unix_path;
  request.path = dir.path("control.sock");
  request.mode = 0666;
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  const std::string wrong = as_ordinary_user([&]() -> std::string {
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Result<UnixAddress> address = unix_address(request.path);
    const int done = ::connect(client.get(), address->get(), address->size);
    return done == 0 ? "" : "cannot connect";
  });
  REQUIRE(wrong == "");
  const UniqueFd connection(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  const Result<Peer> peer = peer_of(connection.get());
  REQUIRE(peer);
  CHECK(peer->uid == (is_root() ? kOrdinaryUid : ::geteuid()));
  CHECK(peer->pid > 0);
  // Where the connecting child has ended, nothing vouches for who has its PID now.
  if (is_root()) CHECK_FALSE(peer->process);
}

TEST_CASE("credentials: a living peer is named with its start time", "[os]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  const Result<Peer> peer = peer_of(one.get());
  REQUIRE(peer);
  CHECK(peer->pid == ::getpid());
  CHECK(peer->pidfd);
  CHECK(peer->process == *process_id(::getpid()));
}

TEST_CASE("credentials: what is no unix connection has no peer", "[os]") {
  const UniqueFd closed;
  CHECK_FALSE(peer_of(closed.get()));
}
