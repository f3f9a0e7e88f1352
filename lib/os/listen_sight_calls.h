#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

// What a thread waits in, by its line of /proc/PID/task/TID/syscall. Pure.
namespace superd::os {

// The system call that a blocked thread is in.
struct BlockedCall {
  int number = 0;
  std::array<std::uint64_t, 6> arguments{};

  friend bool operator==(const BlockedCall&, const BlockedCall&) = default;
};
// Nothing: the thread runs, is blocked outside of a system call, or the text is none; all of them
// tell nothing about what it will do next.
std::optional<BlockedCall> parse_blocked_call(std::string_view line);

// The numbers of the calls in which a thread waits for connections. -1: the machine has no such
// call.
struct CallNumbers {
  int accept = -1;
  int accept4 = -1;
  int poll = -1;
  int ppoll = -1;
  int select = -1;
  int pselect6 = -1;
  int epoll_wait = -1;
  int epoll_pwait = -1;
  int epoll_pwait2 = -1;
  int restart_syscall = -1;  // a call that was stopped and goes on, with its own arguments
};
inline constexpr CallNumbers kX86Calls{.accept = 43,
                                       .accept4 = 288,
                                       .poll = 7,
                                       .ppoll = 271,
                                       .select = 23,
                                       .pselect6 = 270,
                                       .epoll_wait = 232,
                                       .epoll_pwait = 281,
                                       .epoll_pwait2 = 441,
                                       .restart_syscall = 219};
inline constexpr CallNumbers kArm64Calls{.accept = 202,
                                         .accept4 = 242,
                                         .ppoll = 73,
                                         .pselect6 = 72,
                                         .epoll_pwait = 22,
                                         .epoll_pwait2 = 441,
                                         .restart_syscall = 128};
#if defined(__x86_64__)
inline constexpr CallNumbers kCalls = kX86Calls;
#elif defined(__aarch64__)
inline constexpr CallNumbers kCalls = kArm64Calls;
#else
#error "the numbers of the system calls of this machine are not known"
#endif

enum class WaitKind {
  accept,  // argument 0: the listener
  poll,    // 0: array of pollfd, 1: how many
  select,  // 0: number of descriptors, 1: the set to read
  epoll,   // 0: the epoll descriptor
};
// Nothing: a call in which nobody waits for connections.
std::optional<WaitKind> wait_kind(int number, const CallNumbers& calls);

}  // namespace superd::os
