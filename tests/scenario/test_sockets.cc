#include <csignal>
#include <cstring>
#include <string>

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

std::string serving(const std::string& listen, const std::string& options = "") {
  return R"(
[group.web]
command   = ["@WORKER@", "serve")" +
         options + R"(]
listen    = [)" +
         listen + R"(]
ready     = { when = "delay", delay = "50ms" }
)";
}

// A unix socket bound by the test itself; listening or not.
UniqueFd bind_here(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

ino_t inode(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

TEST_CASE("sockets: TCP, IPv6 and unix sockets are bound by superd and served by the worker",
          "[all]") {
  // Only the first is on descriptor 3, which the fake worker serves: a group each.
  Site site(R"(
[group.four]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
[group.six]
command = ["@WORKER@", "serve"]
listen  = ["[::1]:@PORT@"]
[group.path]
command = ["@WORKER@", "serve"]
listen  = ["unix:@DIR@/web.sock"]
)");
  const Superd superd(site);
  CHECK(get(site.address(), "/pid").body == std::to_string(site.main_pid("four.1")));
  CHECK(get(site.expand("[::1]:@PORT@"), "/pid").body == std::to_string(site.main_pid("six.1")));
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").body ==
        std::to_string(site.main_pid("path.1")));
}

TEST_CASE("sockets: a unix socket has the mode asked for", "[all]") {
  Site site(serving(R"({ address = "unix:@DIR@/web.sock", mode = "0640" })"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  struct stat info {};
  REQUIRE(::stat(site.path("web.sock").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0640);
}

TEST_CASE("sockets: a unix socket belongs to the owner asked for", "[root][nocgroup]") {
  Site site(serving(R"({ address = "unix:@DIR@/web.sock", owner = "www-data:games" })"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  struct stat info {};
  REQUIRE(::stat(site.path("web.sock").c_str(), &info) == 0);
  CHECK(info.st_uid == ::getpwnam("www-data")->pw_uid);
  CHECK(info.st_gid == ::getpwnam("games")->pw_gid);
}

TEST_CASE("sockets: a stale unix path is taken over", "[all]") {
  Site site(serving(R"("unix:@DIR@/web.sock")"));
  bind_here(site.path("web.sock")).reset();
  const Superd superd(site);
  CHECK(site.reaches("web", "running"));
  CHECK(get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200);
}

TEST_CASE("sockets: a unix path that somebody serves is not stolen, and the error names it",
          "[all]") {
  Site site(serving(R"("unix:@DIR@/web.sock")") + "autostart = false\n");
  const UniqueFd live = bind_here(site.path("web.sock"));
  REQUIRE(::listen(live.get(), 5) == 0);
  const ino_t before = inode(site.path("web.sock"));
  const Superd superd(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains(site.path("web.sock")));
  CHECK(inode(site.path("web.sock")) == before);
}

TEST_CASE("sockets: a taken TCP port is an error that names it, and can be mended", "[all]") {
  Site owner(serving(R"("@ADDRESS@")"));
  Site site(owner.expand(serving(R"("@ADDRESS@")") + "autostart = false\n"));
  Superd first(owner);
  REQUIRE(owner.reaches("web", "running"));
  const Superd second(site);
  const Outcome start = site.ctl({"start", "web"});
  CHECK(start.exit == 1);
  CHECK_THAT(start.err, Catch::Contains(owner.address() + " is in use"));
  CHECK(first.end() == 0);
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(get(owner.address(), "/pid").status == 200);
}

TEST_CASE("sockets: a unix path that a runner removed is put back", "[all]") {
  Site site(serving(R"("unix:@DIR@/web.sock")", R"(, "--unlink", "@DIR@/web.sock")"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(wait_until(kSoon,
                   [&] { return get(site.expand("unix:@DIR@/web.sock"), "/pid").status == 200; }));
}

TEST_CASE("sockets: a backlog that a runner changed is put right", "[all]") {
  Site site(serving(R"({ address = "@ADDRESS@", backlog = 300 })", R"(, "--backlog", "7")"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(wait_until(kSoon, [&] { return get(site.address(), "/backlog").body == "300"; }));
}

TEST_CASE("sockets: while a group is stopped its clients wait, and the next start serves them",
          "[all]") {
  Site site(serving(R"("@ADDRESS@")"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  Get waiting(site.address(), "/generation");
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK(waiting.reply().status == 200);
}

TEST_CASE("sockets: a client waits while the worker comes back after a crash", "[all]") {
  Site site(serving(R"("@ADDRESS@")"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  for (int i = 0; i < 5; ++i) {
    const pid_t before = site.main_pid("web.1");
    ::kill(before, SIGKILL);
    const Reply reply = get(site.address(), "/pid");
    CHECK(reply.error.empty());
    CHECK(reply.body != std::to_string(before));
    REQUIRE(wait_until(
        kSoon, [&] { return site.state("web.1") == "ready" && site.main_pid("web.1") != before; }));
  }
}

}  // namespace superd::scenario
