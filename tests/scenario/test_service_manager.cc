#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/address.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// What systemd is to superd: a socket for its messages, and descriptors kept for it.
class FakeManager {
 public:
  explicit FakeManager(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
            0);
  }

  // Whether such a message comes.
  bool hears(const std::string& message) {
    return wait_until(kSoon, [&] {
      std::string text(4096, '\0');
      const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
      if (size > 0) heard_.push_back(text.substr(0, static_cast<std::size_t>(size)));
      return std::find(heard_.begin(), heard_.end(), message) != heard_.end();
    });
  }

 private:
  UniqueFd socket_;
  std::vector<std::string> heard_;
};

std::string behind(const std::string& process, int fd) {
  return std::filesystem::read_symlink("/proc/" + process + "/fd/" + std::to_string(fd)).string();
}

// superd as a service manager starts it that gives it these descriptors.
Program begin(const Site& site, const std::vector<int>& fds, const std::string& names) {
  const UniqueFd log(::open(site.path("superd.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return Program({"bash", "-c", "LISTEN_PID=$$ exec " + programs().superd + " -c " + site.config()},
                 {.env = {"LISTEN_FDS=" + std::to_string(fds.size()), "LISTEN_FDNAMES=" + names,
                          "NOTIFY_SOCKET=" + site.path("manager")},
                  .directory = "",
                  .out = log.get(),
                  .err = log.get(),
                  .given = fds});
}

}  // namespace

TEST_CASE("sockets that the service manager kept are served on, and new ones are given to it",
          "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "50ms" }
)");
  FakeManager manager(site.path("manager"));
  const UniqueFd kept = listen_on(site.address());
  const std::string port = site.address().substr(site.address().find(':') + 1);
  // Of a group that is no longer configured.
  const std::string other = std::to_string(free_port());
  const UniqueFd useless = listen_on("127.0.0.1:" + other);
  Program superd = begin(site, {kept.get(), useless.get()},
                         "listen/127.0.0.1%3A" + port + ":listen/127.0.0.1%3A" + other);
  CHECK(manager.hears("READY=1\nSTATUS=starting"));
  CHECK(manager.hears("STATUS=running"));
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  CHECK(behind(std::to_string(worker), 3) == behind("self", kept.get()));
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(manager.hears("FDSTORE=1\nFDPOLL=0\nFDNAME=listen/unix%3A" + site.path("web.sock")));
  CHECK(manager.hears("FDSTOREREMOVE=1\nFDNAME=listen/127.0.0.1%3A" + other));
  CHECK(proc::environment(worker).at("LISTEN_FDS") == "2");
  superd.signal(SIGTERM);
  CHECK(superd.wait(60s) == 0);
  CHECK(manager.hears("STOPPING=1"));
}

TEST_CASE(
    "what the service manager kept and is no listening socket of its address is closed, and the "
    "group has a socket of its own",
    "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "delay", delay = "50ms" }
)");
  FakeManager manager(site.path("manager"));
  const std::string port = site.address().substr(site.address().find(':') + 1);
  const UniqueFd datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd elsewhere = listen_on("127.0.0.1:" + std::to_string(free_port()));
  Program superd = begin(site, {datagram.get(), elsewhere.get()},
                         "listen/127.0.0.1%3A" + port + ":listen/unix%3A" + site.path("web.sock"));
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK(manager.hears("FDSTOREREMOVE=1\nFDNAME=listen/127.0.0.1%3A" + port));
  CHECK(manager.hears("FDSTORE=1\nFDPOLL=0\nFDNAME=listen/127.0.0.1%3A" + port));
  CHECK_THAT(site.read("superd.log"), Catch::Contains("it is not a stream socket: closed"));
  superd.signal(SIGTERM);
  CHECK(superd.wait(60s) == 0);
}

TEST_CASE(
    "a descriptor that is promised by LISTEN_FDS and is not open is told, and no file of superd's "
    "own is taken for it",
    "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)");
  FakeManager manager(site.path("manager"));
  const std::string port = site.address().substr(site.address().find(':') + 1);
  Program superd = begin(site, {-1}, "listen/127.0.0.1%3A" + port);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  CHECK(behind(std::to_string(site.main_pid("web.1")), 3).starts_with("socket:"));
  CHECK(get(site.address(), "/pid").status == 200);
  CHECK_THAT(site.read("superd.log"),
             Catch::Contains("descriptor 3, which LISTEN_FDS promises, is not open"));
  superd.signal(SIGTERM);
  CHECK(superd.wait(60s) == 0);
}

}  // namespace superd::scenario
