#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// The receiving side of sd_notify(3): one datagram socket a spawn.
namespace superd::os {

// What one message said. Assignments that superd does not know are ignored, as the protocol asks.
struct Notification {
  bool ready = false;      // READY=1
  bool stopping = false;   // STOPPING=1
  bool reloading = false;  // RELOADING=1
  // STATUS=: valid UTF-8, at most 256 characters, no control characters.
  std::optional<std::string> status;
  std::optional<std::chrono::microseconds> extend_timeout;  // EXTEND_TIMEOUT_USEC=, at most a day
  std::optional<pid_t> main_pid;  // MAINPID=, greater than 1; whose it is must be checked

  friend bool operator==(const Notification&, const Notification&) = default;
};
// For any bytes: a malformed line is ignored, the last of equal names counts.
Notification parse_notification(std::string_view text);

// Bound at the path, mode 0666 (the directory guards it), non-blocking, close-on-exec. Bind it
// before the spawn. A file at the path is an error (EADDRINUSE): names are never used twice.
Result<UniqueFd> bind_notify_socket(const std::string& path);

struct ReceivedNotification {
  Notification notification;
  // The sender as the kernel tells it; a sender with CAP_SYS_ADMIN may name any PID.
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  UniqueFd pidfd;  // empty on kernels before 6.5
};
enum class ReceiveOutcome { message, dropped, empty };
struct Receive {
  ReceiveOutcome outcome = ReceiveOutcome::empty;
  ReceivedNotification message;  // for ReceiveOutcome::message
};
// Takes one message from the socket. dropped: it was of 4096 bytes or more, had a NUL inside, no
// credentials, or cut control data; go on with the next one. Descriptors in messages are closed.
Result<Receive> receive_notification(int fd);

}  // namespace superd::os
