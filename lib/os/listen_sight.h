#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "os/listen_sight_calls.h"
#include "os/listen_sight_diag.h"
#include "os/listen_sight_text.h"

// Whether a process tree serves a listening socket, seen from outside and without its help.
//
// It does where a thread of it is blocked in accept, poll, select or epoll_wait on the socket, or
// where it holds a connection that was accepted from it. A socket that is only held, that was only
// bound or listened on, or an epoll that watches it while no thread waits there, is no sign. It
// proves that the tree accepts, not that the application answers well.
//
// Not seen: an idle loop of non-blocking accepts with sleeps, an accept by io_uring, a poll that
// was stopped and goes on where the kernel does not tell its function (wchan) (all show by their
// first connection), processes of another word size, another network namespace's connections.
namespace superd::os {

// A process that may not be looked at. What it does is unknown: never a sign.
struct Hidden {
  pid_t pid = 0;
  std::string path;  // that could not be read: `/proc/812/fd`
  int code = 0;      // EACCES, EPERM; ENOENT: the whole process is hidden (hidepid)

  friend bool operator==(const Hidden&, const Hidden&) = default;
};

struct Sight {
  enum class Sign {
    none,
    waits,    // a thread waits for a connection
    accepted  // a connection is held
  };
  Sign sign = Sign::none;
  pid_t pid = 0;                 // whose sign it is
  std::optional<Hidden> hidden;  // none: also the first process that could not be looked at
};

class ListenSight {
 public:
  using Accepted = std::function<Result<std::vector<std::uint64_t>>(const Listener&)>;
  struct Options {
    std::string proc = "/proc";
    CallNumbers calls = kCalls;
    Accepted accepted = accepted_from;
    // Whose processes they are where /proc does not even tell that.
    std::optional<PlainIdentity> expected{};
  };
  // fast: what the threads wait in. full: also epolls within epolls, and accepted connections.
  enum class Depth { fast, full };

  // A sign for any one of the listeners counts.
  explicit ListenSight(std::vector<Listener> listeners) : ListenSight(std::move(listeners), {}) {}
  ListenSight(std::vector<Listener> listeners, Options options);

  // Looks at these processes, in their order, until one shows a sign. What vanishes meanwhile is
  // passed over. Where superd itself may not look it tries as the process's own user. Costs some
  // 40 microseconds a process (fast), twice that (full), more with many threads and descriptors.
  [[nodiscard]] Sight look(std::span<const pid_t> pids, Depth depth) const;

 private:
  std::vector<Listener> listeners_;
  Options options_;
};

// `cannot see whether process 812 waits on its socket: /proc/812/fd: Permission denied`
std::string describe(const Hidden& hidden);

// The process and all below it, as far as the links from parent to child are whole. Cheaper than a
// ProcessTable where the machine has many processes; only the process itself on kernels without
// the list of children.
std::vector<pid_t> tree_below(pid_t pid, const std::string& proc = "/proc");

// Who called listen(2) last on a unix listener; 0: not to be told (another socket family, an ended
// process that left no number).
pid_t last_listen_caller(int fd);

}  // namespace superd::os
