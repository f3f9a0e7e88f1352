#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../os/os_test.h"
#include "base/text.h"
#include "os/connect.h"
#include "os/listen_socket.h"

using namespace superd;
using Strings = std::vector<std::string>;

namespace {

const std::string kBinder = SUPERD_TEST_BINDER;
const std::string kShim = SUPERD_TEST_SHIM;

// A socket that superd would hold.
struct Held {
  UniqueFd fd;
  std::string host;
  std::string port;

  explicit Held(const std::string& on = "127.0.0.1") : host(on) {
    os::ListenRequest request;
    request.family =
        on.find(':') == std::string::npos ? os::SocketFamily::tcp4 : os::SocketFamily::tcp6;
    request.host = on;
    fd = *os::open_listen_socket(request);
    const std::string address = *os::local_address(fd.get());
    port = address.substr(address.rfind(':') + 1);
  }

  [[nodiscard]] std::string inode() const {
    struct stat info {};
    REQUIRE(::fstat(fd.get(), &info) == 0);
    return std::to_string(info.st_ino);
  }
  [[nodiscard]] int backlog() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    REQUIRE(::getsockopt(fd.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
    return static_cast<int>(info.tcpi_sacked);
  }
};

// The lines of a command with the library preloaded and these sockets from 3 on; `own` is what
// the environment has besides, `stands_for` what each socket's part of the list ends with.
Strings lines_of(const Strings& command, const std::vector<int>& sockets,
                 const std::string& own = "LD_PRELOAD=", const std::string& stands_for = "") {
  os::SpawnRequest request;
  request.argv = command;
  request.sockets = sockets;
  std::string list;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    list += fmt::format("{}{}:64{}", i == 0 ? "" : " ", i + 3, stands_for);
  }
  request.env = {"PATH=/usr/bin:/bin",
                 fmt::format("{}{}{}", own, own.back() == '=' ? "" : ":", kShim),
                 "SUPERD_SHIM=" + list};
  Strings lines = split(os::test::output_of(std::move(request)), '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

Strings binder(const Held& held, const Strings& steps) {
  Strings command{kBinder};
  command.insert(command.end(), steps.begin(), steps.end());
  return lines_of(command, {held.fd.get()});
}

}  // namespace

TEST_CASE("socket_shim: a program that binds a held address is handed the held socket", "[shim]") {
  const Held held;
  CHECK(binder(held, {"bind", "127.0.0.1", held.port}) == Strings{held.inode()});
  const Held v6("::1");
  CHECK(binder(v6, {"bind", "::1", v6.port}) == Strings{v6.inode()});
  CHECK(lines_of({kBinder, "bind", "::1", v6.port, "bind", "127.0.0.1", held.port},
                 {held.fd.get(), v6.fd.get()}) == Strings{v6.inode(), held.inode()});
}

TEST_CASE("socket_shim: a held wildcard serves every address of its family", "[shim]") {
  const Held held("0.0.0.0");
  CHECK(binder(held, {"bind", "127.0.0.1", held.port}) == Strings{held.inode()});
  CHECK(binder(held, {"bind", "0.0.0.0", held.port}) == Strings{held.inode()});
  const Held v6("::");
  CHECK(binder(v6, {"bind", "::1", v6.port}) == Strings{v6.inode()});
}

TEST_CASE("socket_shim: a socket that stands for another address is handed over there", "[shim]") {
  const Held groups;  // where binding would fail
  const Held staged;
  const auto address = *os::bound_address(groups.fd.get());
  std::string text = "@";
  for (socklen_t i = 0; i < address.size; ++i) {
    text += fmt::format("{:02X}", reinterpret_cast<const unsigned char*>(&address.storage)[i]);
  }
  const std::vector<int> sockets{staged.fd.get()};
  const Strings bind{kBinder, "bind", "127.0.0.1", groups.port};
  CHECK(lines_of(bind, sockets, "LD_PRELOAD=", text) == Strings{staged.inode()});
  const std::string shell = fmt::format("{} bind 127.0.0.1 {}; true", kBinder, groups.port);
  CHECK(lines_of({"/bin/sh", "-c", shell}, sockets, "LD_PRELOAD=", text) ==
        Strings{staged.inode()});
  CHECK(
      lines_of({kBinder, "bind", "127.0.0.1", staged.port}, sockets, "LD_PRELOAD=", text).back() ==
      "in use");
}

TEST_CASE("socket_shim: what is bound elsewhere is bound as ever", "[shim]") {
  const Held held;
  const Strings other = binder(held, {"bind", "127.0.0.1", "0"});
  REQUIRE(other.size() == 1);
  CHECK(other[0] != held.inode());
  CHECK(std::stoul(other[0]) > 0);
}

TEST_CASE("socket_shim: an address in use that is not held is told with those that are", "[shim]") {
  const Held held;
  const Strings lines = binder(held, {"bind", "0.0.0.0", held.port});
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines, Catch::VectorContains(std::string("in use")));
  CHECK_THAT(lines, Catch::VectorContains(fmt::format(
                        "superd: 0.0.0.0:{0} is none of the sockets of this group: 127.0.0.1:{0}",
                        held.port)));
}

TEST_CASE("socket_shim: a program cannot change the held socket's backlog, nor end it", "[shim]") {
  const Held held;
  CHECK(binder(held, {"bind", "127.0.0.1", held.port, "listen", "5", "shutdown"}) ==
        Strings{held.inode(), "listen 0", "shutdown 0"});
  CHECK(held.backlog() == 64);
  int listens = 0;
  socklen_t size = sizeof listens;
  REQUIRE(::getsockopt(held.fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0);
  CHECK(listens == 1);
}

TEST_CASE("socket_shim: non-blocking is set where the program set it, and never taken away",
          "[shim]") {
  const Held held;
  const Strings bind{"bind", "127.0.0.1", held.port, "flags"};
  CHECK(binder(held, bind).back() == "blocking, closed");
  Strings wanting{"nonblocking", "inheritable"};
  wanting.insert(wanting.end(), bind.begin(), bind.end());
  CHECK(binder(held, wanting).back() == "non-blocking, open");
  CHECK(binder(held, bind).back() == "non-blocking, closed");
}

TEST_CASE("socket_shim: who closes every descriptor is handed the socket still", "[shim]") {
  const Held held;
  for (const char* how : {"close-range", "closefrom", "close-each"}) {
    CHECK(binder(held, {how, "bind", "127.0.0.1", held.port}) == Strings{held.inode()});
    CHECK(binder(held, {how, "fork", how, "exec", kBinder, "bind", "127.0.0.1", held.port}) ==
          Strings{held.inode()});
  }
}

TEST_CASE("socket_shim: the library goes through wrappers to the program that binds", "[shim]") {
  const Held held;
  const std::vector<int> sockets{held.fd.get()};
  const std::string bind = fmt::format("{} bind 127.0.0.1 {}", kBinder, held.port);
  CHECK(lines_of({"/bin/sh", "-c", bind + "; true"}, sockets) == Strings{held.inode()});
  CHECK(lines_of({"/usr/bin/env", "-i", "/bin/sh", "-c", "exec " + bind}, sockets) ==
        Strings{held.inode()});
  CHECK(lines_of({"/usr/bin/nohup", "/usr/bin/nice", kBinder, "bind", "127.0.0.1", held.port},
                 sockets)
            .back() == held.inode());
}

TEST_CASE("socket_shim: no program sees the variables in its environment", "[shim]") {
  const Held held;
  CHECK(binder(held, {"variables"}) == Strings{"preload= shim="});
  CHECK(lines_of({"/bin/sh", "-c", "echo [$LD_PRELOAD$SUPERD_SHIM]; env | grep -c SUPERD"},
                 {held.fd.get()}) == Strings{"[]", "0"});
}

TEST_CASE("socket_shim: what a program executes after it has its socket is as without the shim",
          "[shim]") {
  const Held held;
  const Strings clean{held.inode(), "preload= shim=", "0 sockets"};
  CHECK(binder(held, {"bind", "127.0.0.1", held.port, "exec", kBinder, "variables", "open"}) ==
        clean);
  CHECK(binder(held, {"bind", "127.0.0.1", held.port, "execl-variables"}) == clean);
  // It binds by itself now.
  CHECK(binder(held, {"bind", "127.0.0.1", held.port, "exec", kBinder, "bind", "127.0.0.1",
                      held.port}) == Strings{held.inode(), "in use"});
}

TEST_CASE("socket_shim: libraries that the group preloads itself stay preloaded", "[shim]") {
  const Held held;
  // One that is there in every C library.
  const std::string own = "LD_PRELOAD=libm.so.6";
  const std::vector<int> sockets{held.fd.get()};
  CHECK(lines_of({kBinder, "variables"}, sockets, own) == Strings{"preload=libm.so.6 shim="});
  CHECK(lines_of({"/bin/sh", "-c",
                  fmt::format("{} variables bind 127.0.0.1 {}; true", kBinder, held.port)},
                 sockets, own) == Strings{"preload=libm.so.6 shim=", held.inode()});
}

TEST_CASE("socket_shim: the path of a held unix socket stays as superd made it", "[shim]") {
  const os::test::TempDir dir;
  os::ListenRequest request;
  request.family = os::SocketFamily::unix_path;
  request.path = dir.path("web.sock");
  request.mode = 0640;
  const UniqueFd fd = std::move(*os::open_listen_socket(request));
  struct stat socket {};
  REQUIRE(::fstat(fd.get(), &socket) == 0);
  const std::string inode = std::to_string(socket.st_ino);
  const std::string roundabout =
      dir.path("../") + dir.path().substr(dir.path().rfind('/') + 1) + "/web.sock";
  CHECK(lines_of({kBinder, "unlink", request.path, "bind-unix", request.path, "chmod", request.path,
                  "remove", roundabout, "bind-unix", roundabout},
                 {fd.get()}) == Strings{"unlink 0", inode, "chmod 0", "remove 0", inode});
  struct stat file {};
  REQUIRE(::stat(request.path.c_str(), &file) == 0);
  CHECK(S_ISSOCK(file.st_mode));
  CHECK((file.st_mode & 07777U) == 0640);
  CHECK(
      lines_of({"/bin/sh", "-c", fmt::format("cd {}; rm -f web.sock; ls", dir.path())}, {fd.get()})
          .size() == 1);
  // Other files are nobody's concern.
  const UniqueFd other(::open(dir.path("other").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  CHECK(lines_of({kBinder, "unlink", dir.path("other")}, {fd.get()}) == Strings{"unlink 0"});
  CHECK(::access(dir.path("other").c_str(), F_OK) != 0);
}

TEST_CASE("socket_shim: without the variable the library does nothing", "[shim]") {
  const Held held;
  os::SpawnRequest request;
  request.argv = {kBinder, "bind", "127.0.0.1", held.port};
  request.env = {"LD_PRELOAD=" + kShim};
  CHECK(os::test::output_of(std::move(request)) == "in use\n");
}
