#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/listen_sight.h"
#include "os_test.h"

using namespace superd::os;

namespace {

// No process has such a number: what is not in the tree does not exist either.
constexpr pid_t kPid = 5'000'000;
constexpr pid_t kOther = 5'000'001;
constexpr const char* kListener = "socket:[1234]";  // 4d2
constexpr const char* kEpoll = "anon_inode:[eventpoll]";

// A /proc of files.
class FakeProc {
 public:
  FakeProc() { thread(kPid, kPid, "running\n"); }

  void thread(pid_t pid, pid_t tid, const std::string& syscall) {
    const std::string task = fmt::format("{}/task/{}", pid, tid);
    write(task + "/syscall", syscall);
    write(task + "/stat", "");
    std::filesystem::create_directories(dir_.path(fmt::format("{}/fd", pid)));
  }
  // The main thread is blocked in a call with up to three arguments that matter.
  void blocked(pid_t pid, int number, std::uint64_t a0, std::uint64_t a1 = 0) {
    thread(pid, pid, fmt::format("{} {:#x} {:#x} 0x0 0x0 0x0 0x0 0x7ffe 0x7f3c\n", number, a0, a1));
  }
  void fd(pid_t pid, int number, const std::string& target) {
    const std::string path = dir_.path(fmt::format("{}/fd/{}", pid, number));
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  }
  void epoll(pid_t pid, int number, const std::string& lines) {
    fd(pid, number, kEpoll);
    write(fmt::format("{}/fdinfo/{}", pid, number), lines);
  }
  void memory(pid_t pid, std::uint64_t address, std::span<const std::byte> bytes) {
    std::string text(address + bytes.size(), '\0');
    std::memcpy(text.data() + address, bytes.data(), bytes.size());
    write(fmt::format("{}/mem", pid), text);
  }
  void write(const std::string& path, const std::string& text) {
    const std::string whole = dir_.path(path);
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    std::ofstream(whole) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path(name); }

  [[nodiscard]] Sight look(ListenSight::Depth depth = ListenSight::Depth::full,
                           std::vector<std::uint64_t> accepted = {},
                           const CallNumbers& calls = kX86Calls) const {
    Listener listener;
    listener.inode = 1234;
    listener.device = 9;
    const ListenSight sight({listener}, {.proc = dir_.path(),
                                         .calls = calls,
                                         .accepted = [&](const Listener&) { return accepted; },
                                         .expected = std::nullopt});
    return sight.look(std::array{kPid, kOther}, depth);
  }
  [[nodiscard]] Sight::Sign sign(ListenSight::Depth depth = ListenSight::Depth::full) const {
    return look(depth).sign;
  }

 private:
  test::TempDir dir_;
};

using Sign = Sight::Sign;

std::string watches(int fd, const std::string& events, const std::string& inode,
                    const std::string& device = "9") {
  return fmt::format("tfd: {:8} events: {:>8} data: {:16x}  pos:0 ino:{} sdev:{}\n", fd, events, fd,
                     inode, device);
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

TEST_CASE("listening: a thread blocked in accept on the socket serves it", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 43, 3);
  proc.fd(kPid, 3, kListener);
  proc.fd(kPid, 4, "socket:[99]");
  const Sight sight = proc.look(ListenSight::Depth::fast);
  CHECK(sight.sign == Sign::waits);
  CHECK(sight.pid == kPid);
  CHECK_FALSE(sight.hidden);
  proc.blocked(kPid, 43, 4);
  CHECK(proc.sign() == Sign::none);
  proc.blocked(kPid, 43, 17);
  CHECK(proc.sign() == Sign::none);
  proc.blocked(kPid, 43, 0xffffffff);
  CHECK(proc.sign() == Sign::none);
}

TEST_CASE("listening: the other machine's numbers are told by its own table", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 202, 3);
  proc.fd(kPid, 3, kListener);
  CHECK(proc.look(ListenSight::Depth::fast, {}, kArm64Calls).sign == Sign::waits);
  CHECK(proc.look(ListenSight::Depth::fast, {}, kX86Calls).sign == Sign::none);
}

TEST_CASE("listening: any thread of any process of the tree will do", "[os]") {
  FakeProc proc;
  proc.thread(kOther, kOther, "running\n");
  proc.thread(kOther, kOther + 5, "288 0x8 0x0 0x0 0x0 0x0 0x0 0x7ffe 0x7f3c\n");
  proc.fd(kOther, 8, kListener);
  const Sight sight = proc.look();
  CHECK(sight.sign == Sign::waits);
  CHECK(sight.pid == kOther);
}

TEST_CASE("listening: a poll that has the socket among those it waits on for input serves it",
          "[os]") {
  FakeProc proc;
  proc.fd(kPid, 5, kListener);
  std::array<pollfd, 2> entries{pollfd{.fd = 4, .events = POLLIN, .revents = 0},
                                pollfd{.fd = 5, .events = POLLIN, .revents = 0}};
  proc.memory(kPid, 4096, bytes_of(entries));
  // 219 goes on with a call that was interrupted.
  proc.write(fmt::format("{0}/task/{0}/wchan", kPid), "poll_schedule_timeout.constprop.0");
  for (const int number : {7, 271, 219}) {
    proc.blocked(kPid, number, 4096, 2);
    CHECK(proc.sign(ListenSight::Depth::fast) == Sign::waits);
  }
  proc.blocked(kPid, 7, 4096, 1);
  CHECK(proc.sign() == Sign::none);
  // A count of no process that means well.
  proc.blocked(kPid, 7, 4096, 0xffffffffffffffff);
  CHECK(proc.sign() == Sign::waits);
  entries[1].events = POLLOUT;
  proc.memory(kPid, 4096, bytes_of(entries));
  CHECK(proc.sign() == Sign::none);
  proc.blocked(kPid, 7, 0xffffffffffff0000, 2);
  CHECK(proc.sign() == Sign::none);
}

TEST_CASE("listening: a call that goes on counts where the kernel says that it is a poll", "[os]") {
  FakeProc proc;
  proc.fd(kPid, 5, kListener);
  const pollfd entry{.fd = 5, .events = POLLIN, .revents = 0};
  proc.memory(kPid, 4096, bytes_of(entry));
  proc.blocked(kPid, 219, 4096, 1);
  CHECK(proc.sign() == Sign::none);
  CHECK_FALSE(proc.look().hidden);
  const std::string wchan = fmt::format("{0}/task/{0}/wchan", kPid);
  for (const char* other : {"0", "", "futex_do_wait", "hrtimer_nanosleep", "do_syscall_64"}) {
    CAPTURE(other);
    proc.write(wchan, other);
    CHECK(proc.sign() == Sign::none);
  }
  for (const char* poll : {"poll_schedule_timeout", "do_sys_poll\n", "do_poll.isra.0"}) {
    CAPTURE(poll);
    proc.write(wchan, poll);
    CHECK(proc.sign() == Sign::waits);
  }
}

TEST_CASE("listening: a select that has the socket in the set to read serves it", "[os]") {
  FakeProc proc;
  proc.fd(kPid, 65, kListener);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(65, &set);
  proc.memory(kPid, 4096, bytes_of(set));
  for (const int number : {23, 270}) {
    proc.blocked(kPid, number, 66, 4096);
    CHECK(proc.sign(ListenSight::Depth::fast) == Sign::waits);
    proc.blocked(kPid, number, 65, 4096);
    CHECK(proc.sign() == Sign::none);
    proc.blocked(kPid, number, 66, 0);
    CHECK(proc.sign() == Sign::none);
    proc.blocked(kPid, number, 0xffffffff, 4096);
    CHECK(proc.sign() == Sign::none);
  }
}

TEST_CASE("listening: an epoll counts by what it watches, not by the number it was told", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 232, 7);
  proc.epoll(kPid, 7, "pos:\t0\n" + watches(5, "19", "abc") + watches(99, "19", "4d2"));
  CHECK(proc.sign(ListenSight::Depth::fast) == Sign::waits);
  proc.write(fmt::format("{}/fdinfo/7", kPid), watches(5, "19", "4d2", "a"));
  CHECK(proc.sign() == Sign::none);
  // Waiting for its turn (EPOLLONESHOT), or for output alone.
  proc.write(fmt::format("{}/fdinfo/7", kPid), watches(5, "40000000", "4d2"));
  CHECK(proc.sign() == Sign::none);
  proc.write(fmt::format("{}/fdinfo/7", kPid), watches(5, "4", "4d2"));
  CHECK(proc.sign() == Sign::none);
}

TEST_CASE("listening: an epoll that watches the socket while nobody waits there is no sign",
          "[os]") {
  FakeProc proc;
  proc.fd(kPid, 5, kListener);
  proc.epoll(kPid, 7, watches(5, "19", "4d2"));
  for (const char* text : {"running\n", "-1 0x7ffe 0x7f3c\n",
                           "35 0x7 0x7 0x7 0x7 0x7 0x7 0x7ffe 0x7f3c\n",  // nanosleep
                           "232 0x8 0x0 0x0 0x0 0x0 0x0 0x7ffe 0x7f3c\n"}) {
    CAPTURE(text);
    proc.thread(kPid, kPid, text);
    CHECK(proc.sign() == Sign::none);
  }
}

TEST_CASE("listening: an epoll within an epoll is seen by the full look", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 232, 8);
  proc.epoll(kPid, 7, watches(5, "19", "4d2"));
  proc.epoll(kPid, 8, watches(7, "19", "421", "e"));
  CHECK(proc.sign(ListenSight::Depth::fast) == Sign::none);
  CHECK(proc.sign(ListenSight::Depth::full) == Sign::waits);
}

TEST_CASE("listening: epolls that watch one another come to an end", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 232, 8);
  proc.epoll(kPid, 7, watches(8, "19", "421", "e") + watches(7, "19", "421", "e"));
  proc.epoll(kPid, 8, watches(7, "19", "421", "e"));
  CHECK(proc.sign() == Sign::none);
}

TEST_CASE("listening: a busy process shows by a connection it accepted, in the full look", "[os]") {
  FakeProc proc;
  proc.fd(kPid, 3, kListener);
  proc.fd(kPid, 9, "socket:[77]");
  CHECK(proc.look(ListenSight::Depth::full, {70, 77, 80}).sign == Sign::accepted);
  CHECK(proc.look(ListenSight::Depth::full, {70, 80}).sign == Sign::none);
  CHECK(proc.look(ListenSight::Depth::fast, {70, 77, 80}).sign == Sign::none);
}

TEST_CASE("listening: without the kernel's list of connections the threads alone tell", "[os]") {
  FakeProc proc;
  proc.fd(kPid, 3, kListener);
  Listener listener;
  listener.inode = 1234;
  const ListenSight sight(
      {listener}, {.proc = proc.path(""),
                   .calls = kX86Calls,
                   .accepted = [](const Listener&) -> superd::Result<std::vector<std::uint64_t>> {
                     return superd::fail("away", ENOENT);
                   },
                   .expected = std::nullopt});
  CHECK(sight.look(std::array{kPid}, ListenSight::Depth::full).sign == Sign::none);
  proc.blocked(kPid, 43, 3);
  CHECK(sight.look(std::array{kPid}, ListenSight::Depth::full).sign == Sign::waits);
}

TEST_CASE("listening: a process that vanished is passed over", "[os]") {
  FakeProc proc;
  std::filesystem::remove_all(proc.path(std::to_string(kPid)));
  proc.fd(kOther, 3, kListener);
  proc.blocked(kOther, 43, 3);
  CHECK(proc.look().pid == kOther);
  std::filesystem::remove_all(proc.path(std::to_string(kOther)));
  CHECK(proc.sign() == Sign::none);
  CHECK_FALSE(proc.look().hidden);
}

TEST_CASE("listening: a kernel that does not tell where threads wait is named, and is no sign",
          "[os]") {
  FakeProc proc;
  proc.fd(kPid, 3, kListener);
  REQUIRE(std::filesystem::remove(proc.path(fmt::format("{0}/task/{0}/syscall", kPid))));
  const Sight sight = proc.look();
  CHECK(sight.sign == Sign::none);
  REQUIRE(sight.hidden);
  CHECK(sight.hidden->path == proc.path(fmt::format("{0}/task/{0}/syscall", kPid)));
  CHECK(sight.hidden->code == ENOENT);
}

TEST_CASE("listening: what may not be read is told with process, path and reason", "[os]") {
  FakeProc proc;
  proc.blocked(kPid, 43, 3);
  proc.fd(kPid, 3, kListener);
  const std::string forbidden = proc.path(fmt::format("{}/fd", kPid));
  REQUIRE(::chmod(forbidden.c_str(), 0) == 0);
  const std::string said = test::as_ordinary_user([&]() -> std::string {
    const Sight sight = proc.look();
    if (!sight.hidden || sight.sign != Sign::none) return "a sign, or nothing hidden";
    return describe(*sight.hidden);
  });
  REQUIRE(::chmod(forbidden.c_str(), 0755) == 0);
  CHECK(said == fmt::format("cannot see whether process {} waits on its socket: {}/3: Permission "
                            "denied",
                            kPid, forbidden));
}

TEST_CASE("listening: the tree below a process is followed from parent to child", "[os]") {
  FakeProc proc;
  const auto children = [&](pid_t pid, pid_t tid, const std::string& text) {
    proc.thread(pid, tid, "running\n");
    proc.write(fmt::format("{}/task/{}/children", pid, tid), text);
  };
  children(10, 10, "11 12 ");
  children(10, 15, "13 ");
  children(11, 11, "14 10 ");
  children(12, 12, "");
  const std::string root = proc.path("");
  // In the order in which the directory of threads is read.
  const std::vector<pid_t> tree = tree_below(10, root);
  CHECK_THAT(tree, Catch::Matchers::UnorderedEquals(std::vector<pid_t>{10, 11, 12, 13, 14}));
  CHECK(tree.front() == 10);
  CHECK(std::find(tree.begin(), tree.end(), 11) < std::find(tree.begin(), tree.end(), 14));
  CHECK(tree_below(12, root) == std::vector<pid_t>{12});
  CHECK(tree_below(99, root) == std::vector<pid_t>{99});
}
