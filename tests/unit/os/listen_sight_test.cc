#include "os/listen_sight.h"

#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>

#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_socket.h"
#include "os/process_table.h"
#include "os/read_file.h"
#include "os_test.h"

using namespace superd::os;
using superd::UniqueFd;

namespace {

using Sign = Sight::Sign;

// A child that does something with the listener and never comes back.
class Server {
 public:
  explicit Server(const std::function<void()>& serve) : pid_(::fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve();
    for (;;) ::pause();
  }
  ~Server() {
    // Its children go with it, by PDEATHSIG.
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

struct Site {
  test::TempDir dir;
  UniqueFd listener;
  UniqueFd other;

  explicit Site(SocketFamily family = SocketFamily::tcp4)
      : listener(open(family, "a")), other(open(family, "b")) {}

  [[nodiscard]] UniqueFd open(SocketFamily family, const std::string& name) const {
    ListenRequest request;
    request.family = family;
    if (family == SocketFamily::tcp4) request.host = "127.0.0.1";
    if (family == SocketFamily::tcp6) request.host = "::1";
    if (family == SocketFamily::unix_path) request.path = dir.path(name);
    auto fd = open_listen_socket(request);
    REQUIRE(fd);
    return std::move(*fd);
  }
  [[nodiscard]] ListenSight sight() const {
    const auto found = listener_of(listener.get());
    REQUIRE(found);
    return ListenSight({*found});
  }
  [[nodiscard]] UniqueFd client() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
    UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), generic, size) == 0);
    return fd;
  }
};

Sight look(const Site& site, pid_t pid, ListenSight::Depth depth = ListenSight::Depth::full) {
  return site.sight().look(tree_below(pid), depth);
}

bool becomes(const Site& site, pid_t pid, Sign sign,
             ListenSight::Depth depth = ListenSight::Depth::full) {
  return test::wait_until([&] { return look(site, pid, depth).sign == sign; });
}

// The process sleeps: what it was to do before is done.
bool rests(pid_t pid) {
  return test::wait_until([&] {
    const auto process = read_process(pid);
    return process && process->state == 'S';
  });
}

void add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int epoll_on(int fd) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  add(epoll, fd);
  return epoll;
}

void wait_in(int epoll) {
  epoll_event event{};
  ::epoll_wait(epoll, &event, 1, -1);
}

void poll_on(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  ::poll(&entry, 1, -1);
}

void select_on(int fd) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  ::select(fd + 1, &set, nullptr, nullptr, nullptr);
}

void accept_on(int fd) { ::accept(fd, nullptr, nullptr); }

}  // namespace

TEST_CASE("listening: a process that waits for connections is seen, in every way to wait", "[os]") {
  const auto family = GENERATE(SocketFamily::tcp4, SocketFamily::tcp6, SocketFamily::unix_path);
  const Site site(family);
  const int fd = site.listener.get();
  const std::vector<std::function<void()>> ways{
      [fd] { accept_on(fd); }, [fd] { ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC); },
      [fd] { poll_on(fd); }, [fd] { select_on(fd); }, [fd] { wait_in(epoll_on(fd)); }};
  for (const auto& way : ways) {
    const Server server(way);
    CHECK(becomes(site, server.pid(), Sign::waits, ListenSight::Depth::fast));
  }
}

TEST_CASE("listening: whoever waits on another socket, or only holds this one, is not ready",
          "[os]") {
  const Site site;
  const int fd = site.listener.get();
  const int other = site.other.get();
  const std::vector<std::function<void()>> ways{
      [] {}, [other] { accept_on(other); }, [other] { poll_on(other); },
      [other] { select_on(other); }, [other] { wait_in(epoll_on(other)); },
      [fd] { ::listen(fd, 5); },
      // Watched, and never waited for: a start that goes on after its loop was made.
      [fd] { epoll_on(fd); },
      [fd, other] {
        epoll_on(fd);
        wait_in(epoll_on(other));
      }};
  for (const auto& way : ways) {
    const Server server(way);
    REQUIRE(rests(server.pid()));
    for (int i = 0; i < 5; ++i) CHECK(look(site, server.pid()).sign == Sign::none);
    CHECK_FALSE(look(site, server.pid()).hidden);
  }
}

TEST_CASE("listening: an epoll within an epoll is seen by the full look of a real process",
          "[os]") {
  const Site site;
  const Server server([&] { wait_in(epoll_on(epoll_on(site.listener.get()))); });
  CHECK(becomes(site, server.pid(), Sign::waits));
  CHECK(look(site, server.pid(), ListenSight::Depth::fast).sign == Sign::none);
}

TEST_CASE("listening: an epoll whose descriptor of the socket was closed watches it still",
          "[os]") {
  const Site site;
  const Server server([&] {
    const int copy = ::dup(site.listener.get());
    const int epoll = epoll_on(copy);
    ::close(copy);
    wait_in(epoll);
  });
  CHECK(becomes(site, server.pid(), Sign::waits));
}

TEST_CASE(
    "listening: the child that waits makes its parent's tree ready, and the parent alone is "
    "not",
    "[os]") {
  const Site site;
  const Server server([&] {
    // An epoll from before the fork shows the socket in both; only the child waits there.
    const int epoll = epoll_on(site.listener.get());
    if (::fork() != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    wait_in(epoll);
  });
  REQUIRE(becomes(site, server.pid(), Sign::waits));
  const Sight sight = look(site, server.pid());
  CHECK(sight.pid != server.pid());
  CHECK(site.sight().look(std::array{server.pid()}, ListenSight::Depth::full).sign == Sign::none);
}

TEST_CASE("listening: a busy process with a connection it accepted is ready", "[os]") {
  const auto family = GENERATE(SocketFamily::tcp4, SocketFamily::tcp6, SocketFamily::unix_path);
  const Site site(family);
  const UniqueFd client = site.client();
  const Server server([&] {
    ::accept(site.listener.get(), nullptr, nullptr);
    for (;;) {
    }
  });
  CHECK(becomes(site, server.pid(), Sign::accepted));
  CHECK(look(site, server.pid(), ListenSight::Depth::fast).sign == Sign::none);
  // Beside it, one that has accepted nothing is not.
  const Server beside([] {
    for (;;) {
    }
  });
  CHECK(look(site, beside.pid()).sign == Sign::none);
}

TEST_CASE("listening: a client of the socket is not who serves it", "[os]") {
  const auto family = GENERATE(SocketFamily::tcp4, SocketFamily::unix_path);
  const Site site(family);
  const UniqueFd client = site.client();
  const UniqueFd connection(::accept4(site.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const Server server([&] { ::close(connection.get()); });
  REQUIRE(rests(server.pid()));
  CHECK(look(site, server.pid()).sign == Sign::none);
}

TEST_CASE("listening: one of several sockets is enough", "[os]") {
  const Site site;
  const Server server([&] { accept_on(site.other.get()); });
  const ListenSight both({*listener_of(site.listener.get()), *listener_of(site.other.get())});
  CHECK(test::wait_until([&] {
    return both.look(std::array{server.pid()}, ListenSight::Depth::fast).sign == Sign::waits;
  }));
}

TEST_CASE("listening: a poll that was stopped and continued is still a wait", "[os]") {
  const Site site;
  const Server server([&] { poll_on(site.listener.get()); });
  REQUIRE(becomes(site, server.pid(), Sign::waits));
  ::kill(server.pid(), SIGSTOP);
  ::waitpid(server.pid(), nullptr, WUNTRACED);
  ::kill(server.pid(), SIGCONT);
  CHECK(becomes(site, server.pid(), Sign::waits));
}

TEST_CASE("listening: a wait for a lock that was stopped and continued is no poll", "[os]") {
  const Site site;
  const Server server([&] {
    // What it is told about the lock reads like an entry of a poll.
    std::array<std::uint32_t, 4> word{0, 0, 0, 0};
    const pollfd entry{.fd = site.listener.get(), .events = POLLIN, .revents = 0};
    std::memcpy(&word[2], &entry, sizeof entry);
    timespec limit{};
    ::clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 600;
    ::syscall(SYS_futex, word.data(), FUTEX_WAIT_BITSET_PRIVATE, 0, &limit, nullptr,
              FUTEX_BITSET_MATCH_ANY);
  });
  REQUIRE(rests(server.pid()));
  ::kill(server.pid(), SIGSTOP);
  ::waitpid(server.pid(), nullptr, WUNTRACED);
  ::kill(server.pid(), SIGCONT);
  const std::string again = std::to_string(kCalls.restart_syscall) + " ";
  REQUIRE(test::wait_until([&] {
    const auto line = read_file("/proc/" + std::to_string(server.pid()) + "/syscall");
    return line && line->starts_with(again);
  }));
  for (int i = 0; i < 5; ++i) CHECK(look(site, server.pid()).sign == Sign::none);
}

TEST_CASE("listening: an ordinary user sees his own processes", "[os]") {
  const std::string said = test::as_ordinary_user([]() -> std::string {
    const Site site;
    const Server server([&] { wait_in(epoll_on(site.listener.get())); });
    return becomes(site, server.pid(), Sign::waits) ? "" : "not seen";
  });
  CHECK(said.empty());
}

TEST_CASE("listening: the last caller of listen on a unix socket has a name", "[os]") {
  const Site site(SocketFamily::unix_path);
  CHECK(last_listen_caller(site.listener.get()) == ::getpid());
  const Server server([&] { ::listen(site.listener.get(), 7); });
  CHECK(test::wait_until([&] { return last_listen_caller(site.listener.get()) == server.pid(); }));
  const Site tcp;
  CHECK(last_listen_caller(tcp.listener.get()) == 0);
  CHECK(last_listen_caller(-1) == 0);
}
