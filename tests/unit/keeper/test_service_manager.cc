#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "keeper/service_manager.h"

using superd::UniqueFd;
using superd::keeper::ServiceManager;
using namespace std::chrono_literals;

namespace {

// A manager's socket under an abstract name of this process, which NOTIFY_SOCKET names.
class FakeManager {
 public:
  FakeManager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string name = "superd-manager-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  // The next message; empty: none.
  std::string read() {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  UniqueFd socket_;
};

void set_watchdog(const char* usec, const std::string& pid) {
  ::setenv("WATCHDOG_USEC", usec, 1);
  ::setenv("WATCHDOG_PID", pid.c_str(), 1);
}

}  // namespace

TEST_CASE("manager: what it gave in the environment is for the keeper alone", "[keeper]") {
  FakeManager fake;
  set_watchdog("1000000", std::to_string(::getpid()));
  ServiceManager manager = ServiceManager::from_environment();
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    CHECK(::getenv(name) == nullptr);
  }
  CHECK(manager.watchdog() == 500ms);
  manager.tell("READY=1");
  CHECK(fake.read() == "READY=1");
}

TEST_CASE("manager: a watchdog for another process, or one that makes no sense, is none",
          "[keeper]") {
  const FakeManager fake;
  set_watchdog("1000000", std::to_string(::getpid() + 1));
  CHECK_FALSE(ServiceManager::from_environment().watchdog());
  for (const char* usec : {"", "0", "-5", "many", "5s", "99999999999999999999"}) {
    ::setenv("NOTIFY_SOCKET", "@superd-nobody", 1);
    ::setenv("NOTIFY_SOCKET", "@superd-nobody", 1);
    set_watchdog(usec, "");
    CHECK_FALSE(ServiceManager::from_environment().watchdog());
  }
}

TEST_CASE("manager: hears that superd lives no more often than a quarter of what it waits",
          "[keeper]") {
  FakeManager fake;
  set_watchdog("40000000", std::to_string(::getpid()));
  ServiceManager manager = ServiceManager::from_environment();
  const ServiceManager::TimePoint start{1h};
  manager.alive(start);
  CHECK(fake.read() == "WATCHDOG=1");
  manager.alive(start + 9s);
  CHECK(fake.read().empty());
  manager.alive(start + 10s);
  CHECK(fake.read() == "WATCHDOG=1");
}

TEST_CASE("manager: what it does not take at once is sent later, whole and in order", "[keeper]") {
  FakeManager fake;
  ServiceManager manager = ServiceManager::from_environment();
  for (int i = 0; i < 1000; ++i) manager.tell("STATUS=" + std::to_string(i));
  REQUIRE(manager.waits());
  int seen = 0;
  for (int i = 0; i < 2000 && seen < 1000; ++i) {
    for (std::string text = fake.read(); !text.empty(); text = fake.read()) {
      CHECK(text == "STATUS=" + std::to_string(seen++));
    }
    manager.flush();
  }
  CHECK(seen == 1000);
  CHECK_FALSE(manager.waits());
}

TEST_CASE("manager: without one nothing is sent, kept or waited for", "[keeper]") {
  ::unsetenv("NOTIFY_SOCKET");
  ServiceManager manager = ServiceManager::from_environment();
  for (int i = 0; i < 1000; ++i) manager.tell("READY=1");
  CHECK_FALSE(manager.waits());
}
