#include "os/listen_sight_text.h"

#include <array>
#include <random>
#include <string>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "os/listen_sight_calls.h"
#include "os/listen_sight_diag.h"

using namespace superd::os;

namespace {

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

constexpr const char* kEpollText =
    "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\n"
    "tfd:        5 events:       19 data:                5  pos:0 ino:4d2 sdev:9\n"
    "tfd:       12 events: 2000001d data: ffffffff0000000c  pos:0 ino:ab sdev:e\n"
    "tfd:        7 events:        0 data:                7  pos:-1 ino:ab sdev:e\n";

// Whatever it is given, a parser comes back.
void parse_all(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  static_cast<void>(parse_blocked_call(text));
  static_cast<void>(parse_epoll(text));
  static_cast<void>(socket_inode(text));
  static_cast<void>(parse_pids(text));
  static_cast<void>(parse_identity(text));
  static_cast<void>(polled_for_input(bytes));
  static_cast<void>(selected(bytes, static_cast<int>(text.size())));
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    Listener listener;
    listener.family = family;
    static_cast<void>(parse_diag(bytes, listener));
  }
}

}  // namespace

TEST_CASE("listening: the call that a thread is blocked in is read with its arguments", "[os]") {
  const auto call =
      parse_blocked_call("232 0x7 0x7ffd0 0x1 0xffffffffffffffff 0x0 0x8 0x7ffe9d2f 0x7f3c8\n");
  REQUIRE(call);
  CHECK(call->number == 232);
  CHECK(call->arguments[0] == 7);
  CHECK(call->arguments[3] == 0xffffffffffffffffULL);
}

TEST_CASE("listening: a running thread, or one outside of a call, tells nothing", "[os]") {
  for (const char* text :
       {"running\n", "-1 0x7ffe 0x7f3c\n", "", "232", "232 0x7", "232 7 7 7 7 7 7",
        "232 0x 0x1 0x1 0x1 0x1 0x1", "99999999999 0x1 0x1 0x1 0x1 0x1 0x1",
        "7 0x1 0x1 0x1 0x1 0x1 0x1ffffffffffffffffff", "7 0x1 0x1 0x1 0x1 0x1x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_blocked_call(text));
  }
}

TEST_CASE("listening: both machines' calls are known by their numbers", "[os]") {
  struct Row {
    int x86;
    int arm;
    WaitKind kind;
  };
  for (const Row& row :
       {Row{43, 202, WaitKind::accept}, Row{288, 242, WaitKind::accept},
        Row{271, 73, WaitKind::poll}, Row{219, 128, WaitKind::poll}, Row{270, 72, WaitKind::select},
        Row{281, 22, WaitKind::epoll}, Row{441, 441, WaitKind::epoll}}) {
    CHECK(wait_kind(row.x86, kX86Calls) == row.kind);
    CHECK(wait_kind(row.arm, kArm64Calls) == row.kind);
  }
  CHECK(wait_kind(7, kX86Calls) == WaitKind::poll);
  CHECK(wait_kind(23, kX86Calls) == WaitKind::select);
  CHECK(wait_kind(232, kX86Calls) == WaitKind::epoll);
  // Calls that the machine has no number for are not found among those of the other one.
  for (const int number : {-1, 7, 23, 43, 232, 270, 271, 281, 288, 219}) {
    CHECK_FALSE(wait_kind(number, kArm64Calls));
  }
  for (const int number : {-1, 0, 1, 22, 35, 72, 73, 128, 202, 242, 426}) {
    CHECK_FALSE(wait_kind(number, kX86Calls));
  }
}

TEST_CASE("listening: the table in use is the one of this machine", "[os]") {
  CHECK(kCalls.accept == SYS_accept);
  CHECK(kCalls.accept4 == SYS_accept4);
  CHECK(kCalls.ppoll == SYS_ppoll);
  CHECK(kCalls.pselect6 == SYS_pselect6);
  CHECK(kCalls.epoll_pwait == SYS_epoll_pwait);
  CHECK(kCalls.restart_syscall == SYS_restart_syscall);
#if defined(__x86_64__)
  CHECK(kCalls.poll == SYS_poll);
  CHECK(kCalls.select == SYS_select);
  CHECK(kCalls.epoll_wait == SYS_epoll_wait);
#endif
}

TEST_CASE("listening: what an epoll watches is read by inode and device, which are hexadecimal",
          "[os]") {
  const std::vector<EpollEntry> entries = parse_epoll(kEpollText);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0] == EpollEntry{.fd = 5, .events = 0x19, .inode = 0x4d2, .device = 9});
  CHECK(entries[1] == EpollEntry{.fd = 12, .events = 0x2000001d, .inode = 0xab, .device = 14});
  CHECK(entries[2].events == 0);
}

TEST_CASE("listening: a line of an epoll that is cut off is left out", "[os]") {
  const std::string text = kEpollText;
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(parse_epoll(text.substr(0, size)).size() <= 3);
  }
  CHECK(parse_epoll("tfd: 5 events: 19 data: 5  pos:0 ino:zz sdev:9\n").empty());
  CHECK(parse_epoll("tfd: 5 events: 19\n").empty());
}

TEST_CASE("listening: links of descriptors tell sockets and epolls", "[os]") {
  CHECK(socket_inode("socket:[4711]") == 4711U);
  for (const char* link :
       {"", "socket:[", "socket:[]", "socket:[12", "socket:[0x1]", "socket:[-1]", "pipe:[4711]",
        "/tmp/socket:[4711]", "socket:[99999999999999999999999]"}) {
    CHECK_FALSE(socket_inode(link));
  }
  CHECK(is_epoll_link("anon_inode:[eventpoll]"));
  CHECK_FALSE(is_epoll_link("anon_inode:[eventfd]"));
}

TEST_CASE("listening: of what a poll waits for, input alone counts", "[os]") {
  const std::array<pollfd, 4> entries{pollfd{.fd = 3, .events = POLLIN, .revents = 0},
                                      pollfd{.fd = -1, .events = POLLIN, .revents = 0},
                                      pollfd{.fd = 4, .events = POLLOUT, .revents = 0},
                                      pollfd{.fd = 5, .events = POLLIN | POLLPRI, .revents = 0}};
  const auto bytes = bytes_of(entries);
  CHECK(polled_for_input(bytes) == std::vector<int>{3, 5});
  CHECK(polled_for_input(bytes.first(bytes.size() - 1)) == std::vector<int>{3});
  CHECK(polled_for_input({}).empty());
}

TEST_CASE("listening: of a set of select, the members below its count are read", "[os]") {
  fd_set set;
  FD_ZERO(&set);
  for (const int fd : {0, 3, 64, 127, 128, 1023}) FD_SET(fd, &set);
  CHECK(selected(bytes_of(set), 1024) == std::vector<int>{0, 3, 64, 127, 128, 1023});
  CHECK(selected(bytes_of(set), 128) == std::vector<int>{0, 3, 64, 127});
  CHECK(selected(bytes_of(set).first(8), 1024) == std::vector<int>{0, 3});
  CHECK(selected(bytes_of(set), 0).empty());
  CHECK(selected(bytes_of(set), -5).empty());
}

TEST_CASE("listening: children of a thread are a line of numbers", "[os]") {
  CHECK(parse_pids("123 456 ") == std::vector<pid_t>{123, 456});
  CHECK(parse_pids("").empty());
  CHECK(parse_pids("x 7 -3 99999999999 8") == std::vector<pid_t>{7, 8});
}

TEST_CASE("listening: a process has a plain identity where all its ids are the same", "[os]") {
  CHECK(parse_identity("Name:\tx\nUid:\t33\t33\t33\t33\nGid:\t34\t34\t34\t34\n") ==
        PlainIdentity{.uid = 33, .gid = 34});
  CHECK_FALSE(parse_identity("Uid:\t0\t33\t33\t33\nGid:\t34\t34\t34\t34\n"));
  CHECK_FALSE(parse_identity("Uid:\t33\t33\t33\nGid:\t34\t34\t34\t34\n"));
  CHECK_FALSE(parse_identity("Uid:\t33\t33\t33\t33\n"));
  CHECK_FALSE(parse_identity(""));
}

TEST_CASE("listening: no text makes a parser fail", "[os]") {
  std::mt19937 random(1);  // NOLINT: the same texts every time
  const std::string alphabet = "0123456789abcdefx \t\n:-tfdevnsiopd[]socket";
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 300, '\0');
    const bool words = round % 2 == 0;
    for (char& c : text) {
      c = words ? alphabet[random() % alphabet.size()] : static_cast<char>(random() % 256);
    }
    parse_all(text);
  }
  // Near misses: a right text with some bytes changed.
  for (int round = 0; round < 3000; ++round) {
    std::string text = kEpollText;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = static_cast<char>(random() % 256);
    parse_all(text);
  }
  parse_all(std::string(1 << 20, '7'));
}
