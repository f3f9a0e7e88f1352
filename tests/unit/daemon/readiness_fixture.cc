#include "readiness_fixture.h"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_socket.h"

namespace superd::daemon::test {
namespace {

constexpr uid_t kOrdinary = 23456;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  return {.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
}

UniqueFd open(const os::ListenRequest& request) {
  auto fd = os::open_listen_socket(request);
  REQUIRE(fd);
  return std::move(*fd);
}

}  // namespace

Puppet::Puppet(const std::function<void()>& part) {
  Pipe pipe = make_pipe();
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    char c = 0;
    if (::read(pipe.read.get(), &c, 1) == 1) part();
    for (;;) ::pause();
  }
  strings_ = std::move(pipe.write);
}

Puppet::~Puppet() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Puppet::go() { REQUIRE(::write(strings_.get(), "!", 1) == 1); }

UniqueFd listen_on_loopback() {
  os::ListenRequest request;
  request.host = "127.0.0.1";
  return open(request);
}

UniqueFd listen_on_path(const std::string& path) {
  os::ListenRequest request;
  request.family = os::SocketFamily::unix_path;
  request.path = path;
  return open(request);
}

std::string as_ordinary_user(const std::function<std::string()>& part) {
  Pipe pipe = make_pipe();
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::geteuid() == 0) {
      if (::setresgid(kOrdinary, kOrdinary, kOrdinary) != 0) ::_exit(1);
      if (::setresuid(kOrdinary, kOrdinary, kOrdinary) != 0) ::_exit(1);
      ::prctl(PR_SET_DUMPABLE, 1);
    }
    const std::string text = part();
    static_cast<void>(!::write(pipe.write.get(), text.data(), text.size()));
    ::_exit(0);
  }
  pipe.write.reset();
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = ::read(pipe.read.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status == 0 ? text : text + " (failed)";
}

}  // namespace superd::daemon::test
