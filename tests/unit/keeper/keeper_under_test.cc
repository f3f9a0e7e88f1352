#include "keeper_under_test.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace superd::keeper::test {
namespace {

UniqueFd bind_notify_socket(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return socket;
}

// In the keeper's process, before it is one.
void give(const std::vector<int>& fds) {
  std::vector<int> above;
  for (const int fd : fds) above.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, 60));
  for (std::size_t i = 0; i < above.size(); ++i) ::dup2(above[i], 3 + static_cast<int>(i));
  if (fds.empty()) return;
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", std::to_string(fds.size()).c_str(), 1);
}

}  // namespace

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

char state(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t end = text.rfind(") ");
  return end == std::string::npos || end + 2 >= text.size() ? ' ' : text[end + 2];
}

KeeperUnderTest::KeeperUnderTest(const std::vector<std::string>& environment,
                                 const std::vector<int>& given) {
  char dir[] = "/tmp/superd-keeper-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  dir_ = dir;
  notify_ = bind_notify_socket(file("notify"));
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ready_.reset(ends[0]);
  // Above what it may be given.
  const UniqueFd theirs(::fcntl(ends[1], F_DUPFD_CLOEXEC, 50));
  ::close(ends[1]);
  const std::string notify_path = file("notify");
  const std::string number = std::to_string(theirs.get());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::fcntl(theirs.get(), F_SETFD, 0);
    // As a service manager or a careless parent might start superd.
    ::setenv("NOTIFY_SOCKET", notify_path.c_str(), 1);
    for (const std::string& entry : environment) ::putenv(::strdup(entry.c_str()));
    give(given);
    ::signal(SIGHUP, SIG_IGN);
    sigset_t blocked;
    ::sigfillset(&blocked);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    ::execl(KEEPER_STAND_IN, "superd: keeper", "keeper", dir, number.c_str(), nullptr);
    ::_exit(127);
  }
  REQUIRE(pid_ > 0);
}

KeeperUnderTest::~KeeperUnderTest() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // A supervisor that was stopped or told to sleep does not see that its keeper is gone.
  for (const char* role : {"supervisor ", "logger "}) {
    for (const std::string& line : events(role)) {
      const pid_t pid = std::atoi(line.c_str() + std::strlen(role));
      if (pid > 1) ::kill(pid, SIGKILL);
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void KeeperUnderTest::signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

std::vector<std::string> KeeperUnderTest::events(const std::string& prefix) const {
  std::vector<std::string> lines;
  std::ifstream file_of_events(file("events"));
  for (std::string line; std::getline(file_of_events, line);) {
    if (line.starts_with(prefix)) lines.push_back(line);
  }
  return lines;
}

std::optional<std::string> KeeperUnderTest::nth_event(std::size_t n,
                                                      const std::string& prefix) const {
  if (!wait_until([&] { return events(prefix).size() >= n; })) return std::nullopt;
  return events(prefix)[n - 1];
}

pid_t KeeperUnderTest::nth_pid(std::size_t n, const std::string& role) const {
  std::vector<pid_t> pids;
  wait_until([&] {
    pids.clear();
    for (const std::string& line : events(role + " ")) {
      const pid_t pid = std::atoi(line.c_str() + role.size() + 1);
      if (pid > 0) pids.push_back(pid);
    }
    return pids.size() >= n;
  });
  return pids.size() >= n ? pids[n - 1] : 0;
}

bool KeeperUnderTest::supervised(std::size_t n) const {
  return nth_event(n, "items end").has_value();
}

std::optional<int> KeeperUnderTest::ready_code() const {
  pollfd waiting{.fd = ready_.get(), .events = POLLIN, .revents = 0};
  REQUIRE(::poll(&waiting, 1, 30'000) == 1);
  char code = 0;
  if (::read(ready_.get(), &code, 1) != 1) return std::nullopt;
  return code;
}

std::string KeeperUnderTest::notified(std::chrono::milliseconds limit) const {
  pollfd waiting{.fd = notify_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(limit.count())) != 1) return "";
  std::array<char, 512> text{};
  std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(notify_.get(), &message, MSG_CMSG_CLOEXEC);
  REQUIRE(size > 0);
  stored_.reset();
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    stored_.reset(fd);
  }
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<int> KeeperUnderTest::wait_for_end() {
  int status = 0;
  if (!wait_until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
  pid_ = -1;
  return status;
}

}  // namespace superd::keeper::test
