#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_socket.h"
#include "os/unix_address.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

ListenRequest unix_request(const TempDir& dir) {
  ListenRequest request;
  request.family = SocketFamily::unix_path;
  request.path = dir.path("web.sock");
  request.anchor_dir = dir.path("anchors");
  return request;
}

bool connects(const std::string& path) {
  const Result<UnixAddress> address = unix_address(path);
  const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return address && ::connect(client.get(), address->get(), address->size) == 0;
}

// As a runner binds by itself: without asking, without clearing up.
UniqueFd bind_plainly(const std::string& path, int type = SOCK_STREAM) {
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const Result<UnixAddress> address = unix_address(path);
  REQUIRE(::bind(fd.get(), address->get(), address->size) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(fd.get(), 5) == 0);
  return fd;
}

bool takes_connection(int listener) {
  const UniqueFd accepted(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  return static_cast<bool>(accepted);
}

}  // namespace

TEST_CASE("listen: a unix socket has its path, its mode and its owner", "[os]") {
  const TempDir dir;
  ListenRequest request = unix_request(dir);
  request.mode = 0660;
  if (is_root()) {
    request.owner_uid = 33;
    request.owner_gid = 34;
  }
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  struct stat made {};
  REQUIRE(::stat(request.path.c_str(), &made) == 0);
  CHECK((made.st_mode & 07777) == 0660);
  CHECK(made.st_uid == request.owner_uid.value_or(::geteuid()));
  CHECK(made.st_gid == request.owner_gid.value_or(::getegid()));
  CHECK(connects(request.path));
  CHECK(*local_address(listener->get()) == "unix:" + request.path);
}

TEST_CASE("listen: a unix socket from elsewhere is known by any name of its file", "[os]") {
  const TempDir dir;
  const UniqueFd socket = bind_plainly(dir.path("web.sock"));
  REQUIRE(::symlink(dir.path("web.sock").c_str(), dir.path("link").c_str()) == 0);
  const UniqueFd other = bind_plainly(dir.path("other.sock"));
  CHECK(check_listen_socket(socket.get(), "unix:" + dir.path("web.sock")));
  CHECK(check_listen_socket(socket.get(), "unix:" + dir.path("link")));
  CHECK_FALSE(check_listen_socket(socket.get(), "unix:" + dir.path("other.sock")));
  CHECK_FALSE(check_listen_socket(socket.get(), "unix:" + dir.path("none")));
}

TEST_CASE("listen: a stale unix path is replaced", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  bind_plainly(request.path).reset();
  REQUIRE(std::filesystem::exists(request.path));
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  CHECK(connects(request.path));
}

TEST_CASE("listen: a unix path on which somebody listens is never taken", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const UniqueFd other = bind_plainly(request.path);
  const Result<UniqueFd> refused = open_listen_socket(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EADDRINUSE);
  CHECK(
      refused.error().message ==
      fmt::format("unix:{} is in use by a running server (PID {}): stop it or choose another path",
                  request.path, ::getpid()));
  CHECK(connects(request.path));
}

TEST_CASE("listen: a live datagram socket at the path is not taken either", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const UniqueFd other = bind_plainly(request.path, SOCK_DGRAM);
  CHECK(open_listen_socket(request).error().code == EADDRINUSE);
}

TEST_CASE("listen: a file or a link at a unix path is never removed", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  SECTION("file") { std::ofstream(request.path) << "precious"; }
  SECTION("link") { REQUIRE(::symlink("/nowhere", request.path.c_str()) == 0); }
  const Result<UniqueFd> refused = open_listen_socket(request);
  REQUIRE_FALSE(refused);
  CHECK(
      refused.error().message ==
      fmt::format("{} exists and is not a socket: remove it or choose another path", request.path));
  CHECK(std::filesystem::symlink_status(request.path).type() != std::filesystem::file_type::none);
}

TEST_CASE("listen: a unix path that a runner removed leads to the same socket again", "[os]") {
  const TempDir dir;
  ListenRequest request = unix_request(dir);
  request.mode = 0666;
  SECTION("with the second name in superd's directory") {}
  SECTION("with the second name beside the path, as on another file system") {
    request.anchor_dir = "/proc/nothing/can/be/linked/here";
  }
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  CHECK_FALSE(restore_listen_socket(listener->get(), request)->path);
  REQUIRE(::unlink(request.path.c_str()) == 0);
  CHECK(restore_listen_socket(listener->get(), request)->path);
  REQUIRE(connects(request.path));
  CHECK(takes_connection(listener->get()));
  CHECK_FALSE(restore_listen_socket(listener->get(), request)->path);
  remove_listen_path(request);
  CHECK_FALSE(std::filesystem::exists(request.path));
  std::filesystem::remove(dir.path("anchors"));
  CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("listen: a second name that was removed is made again, of superd's socket alone",
          "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  std::filesystem::remove_all(request.anchor_dir);
  SECTION("while the path still leads to the socket") {
    CHECK_FALSE(restore_listen_socket(listener->get(), request)->path);
    REQUIRE(::unlink(request.path.c_str()) == 0);
    CHECK(restore_listen_socket(listener->get(), request)->path);
    REQUIRE(connects(request.path));
    CHECK(takes_connection(listener->get()));
  }
  SECTION("not where another one has its place") {
    REQUIRE(::unlink(request.path.c_str()) == 0);
    const UniqueFd runner = bind_plainly(request.path);
    CHECK(restore_listen_socket(listener->get(), request));
    CHECK_FALSE(std::filesystem::exists(request.anchor_dir));
  }
  SECTION("not where nothing is left of it") {
    REQUIRE(::unlink(request.path.c_str()) == 0);
    CHECK(restore_listen_socket(listener->get(), request).error().code == ENOENT);
  }
}

TEST_CASE("listen: a unix path that a runner bound anew leads to superd's socket again", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  REQUIRE(::unlink(request.path.c_str()) == 0);
  const UniqueFd runner = bind_plainly(request.path);
  CHECK(restore_listen_socket(listener->get(), request)->path);
  REQUIRE(connects(request.path));
  CHECK(takes_connection(listener->get()));
}

TEST_CASE("listen: what is no socket any more is not replaced, and told", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  REQUIRE(::unlink(request.path.c_str()) == 0);
  std::ofstream(request.path) << "precious";
  CHECK(restore_listen_socket(listener->get(), request).error().code == EEXIST);
  remove_listen_path(request);
  CHECK(std::filesystem::is_regular_file(request.path));
}

TEST_CASE("listen: a path that somebody else has taken over is left to him at the end", "[os]") {
  const TempDir dir;
  const ListenRequest request = unix_request(dir);
  const Result<UniqueFd> listener = open_listen_socket(request);
  REQUIRE(listener);
  REQUIRE(::unlink(request.path.c_str()) == 0);
  const UniqueFd other = bind_plainly(request.path);
  remove_listen_path(request);
  CHECK(connects(request.path));
}

TEST_CASE("listen: a unix path longer than the kernel takes is told with its length", "[os]") {
  ListenRequest request;
  request.family = SocketFamily::unix_path;
  request.path = "/" + std::string(107, 'x');
  const Result<UniqueFd> refused = open_listen_socket(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ENAMETOOLONG);
  CHECK(refused.error().message.find("has 108 bytes, more than the 107") != std::string::npos);
}

TEST_CASE("listen: an ordinary user's unix socket works, and comes back", "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    const TempDir dir;
    ListenRequest request = unix_request(dir);
    request.mode = 0600;
    const Result<UniqueFd> listener = open_listen_socket(request);
    if (!listener) return listener.error().message;
    ::unlink(request.path.c_str());
    const Result<Restored> restored = restore_listen_socket(listener->get(), request);
    if (!restored) return restored.error().message;
    return connects(request.path) ? "" : "cannot connect";
  });
  CHECK(wrong == "");
}
