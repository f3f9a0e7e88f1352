#include <array>
#include <csignal>
#include <functional>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_sight.h"
#include "os/listen_sight_identity.h"
#include "os/listen_socket.h"
#include "os_test.h"

using namespace superd::os;
using superd::UniqueFd;

namespace {

constexpr uid_t kUser = test::kOrdinaryUid;

// Gives up a right for good, in this process and what it executes.
bool drop(unsigned capability) {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, 2> data{};
  if (::prctl(PR_CAPBSET_DROP, capability) != 0) return false;
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  const std::uint32_t mask = ~(1U << (capability % 32));
  data.at(capability / 32).effective &= mask;
  data.at(capability / 32).permitted &= mask;
  data.at(capability / 32).inheritable &= mask;
  return ::syscall(SYS_capset, &header, data.data()) == 0;
}

bool become(uid_t uid, gid_t gid) {
  return ::setresgid(gid, gid, gid) == 0 && ::setresuid(uid, uid, uid) == 0;
}

// How a server becomes who it is.
enum class Secretive { no, yes };
pid_t server(int listener, uid_t uid, gid_t gid, Secretive secretive) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!become(uid, gid)) ::_exit(1);
  // An exec after it makes a process open again to its own user; without one it stays closed.
  if (secretive == Secretive::no) ::prctl(PR_SET_DUMPABLE, 1);
  ::accept(listener, nullptr, nullptr);
  ::_exit(0);
}

bool waits(const ListenSight& sight, pid_t pid) {
  return test::wait_until([&] {
    return sight.look(std::array{pid}, ListenSight::Depth::full).sign == Sight::Sign::waits;
  });
}

std::string with_server(Secretive secretive, uid_t uid,
                        const std::function<std::string(const ListenSight&, pid_t)>& part) {
  ListenRequest request;
  request.host = "127.0.0.1";
  const auto listener = open_listen_socket(request);
  if (!listener) return listener.error().message;
  const pid_t pid = server(listener->get(), uid, uid, secretive);
  std::string said = part(ListenSight({*listener_of(listener->get())}), pid);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return said;
}

}  // namespace

TEST_CASE("listening: root without CAP_SYS_PTRACE sees a worker with the worker's own eyes",
          "[os]") {
  if (!test::is_root()) return test::skip("needs root");
  CHECK(test::in_child([] {
          if (!drop(CAP_SYS_PTRACE)) return std::string("the right could not be dropped");
          return with_server(
              Secretive::no, kUser, [](const ListenSight& sight, pid_t pid) -> std::string {
                if (!waits(sight, pid)) return "not seen";
                return ::prctl(PR_GET_DUMPABLE) == 1 ? "" : "superd became secretive itself";
              });
        }).empty());
}

TEST_CASE(
    "listening: a worker that took on its user itself is hidden from root without "
    "CAP_SYS_PTRACE, and told so",
    "[os]") {
  if (!test::is_root()) return test::skip("needs root");
  CHECK(test::in_child([] {
          if (!drop(CAP_SYS_PTRACE)) return std::string("the right could not be dropped");
          return with_server(Secretive::yes, kUser,
                             [](const ListenSight& sight, pid_t pid) -> std::string {
                               Sight last;
                               const bool hidden = test::wait_until([&] {
                                 last = sight.look(std::array{pid}, ListenSight::Depth::full);
                                 return last.hidden.has_value();
                               });
                               // Until it has changed its user it is an open book, and waits on
                               // nothing.
                               if (!hidden || last.sign != Sight::Sign::none) return "not hidden";
                               return last.hidden->pid == pid ? "" : "another process";
                             });
        }).empty());
}

TEST_CASE("listening: root with all its rights sees every worker", "[os]") {
  if (!test::is_root()) return test::skip("needs root");
  const Secretive secretive = GENERATE(Secretive::no, Secretive::yes);
  CHECK(with_server(secretive, kUser, [](const ListenSight& sight, pid_t pid) -> std::string {
          return waits(sight, pid) ? "" : "not seen";
        }).empty());
}

TEST_CASE("listening: an ordinary user does not see another one's processes, and is told", "[os]") {
  if (!test::is_root()) return test::skip("needs root");
  const std::string said =
      with_server(Secretive::no, kUser + 1, [](const ListenSight& sight, pid_t pid) -> std::string {
        REQUIRE(waits(sight, pid));
        return test::as_ordinary_user([&]() -> std::string {
          const Sight seen = sight.look(std::array{pid}, ListenSight::Depth::full);
          if (seen.sign != Sight::Sign::none) return "a sign";
          return seen.hidden ? describe(*seen.hidden) : "nothing hidden";
        });
      });
  CHECK_THAT(said, Catch::StartsWith("cannot see whether process ") &&
                       Catch::EndsWith("/syscall: Permission denied"));
}

TEST_CASE("listening: an identity that was borrowed is given back", "[os]") {
  const uid_t uid = static_cast<uid_t>(::syscall(SYS_setfsuid, -1));
  const gid_t gid = static_cast<gid_t>(::syscall(SYS_setfsgid, -1));
  {
    const BorrowedIdentity borrowed({.uid = kUser, .gid = kUser});
    CHECK(borrowed.worked() == test::is_root());
    if (borrowed.worked()) CHECK(static_cast<uid_t>(::syscall(SYS_setfsuid, -1)) == kUser);
    CHECK(::geteuid() == uid);
  }
  CHECK(static_cast<uid_t>(::syscall(SYS_setfsuid, -1)) == uid);
  CHECK(static_cast<gid_t>(::syscall(SYS_setfsgid, -1)) == gid);
}
