#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::keeper {

// A packet as it came from the kernel.
struct RawPacket {
  std::string bytes;
  std::vector<UniqueFd> fds;  // close-on-exec
  // Descriptors were lost on the way, because this process has too many open, or bytes were cut.
  bool truncated = false;
};

enum class ReceiveKind { packet, nothing, closed };
struct Received {
  ReceiveKind kind = ReceiveKind::nothing;
  RawPacket packet = {};
};

// One packet of at most `max_bytes` from a non-blocking SOCK_SEQPACKET socket. `closed` comes only
// after everything that the other end had sent.
Received receive_packet(int socket, std::size_t max_bytes);

// Fails with EAGAIN (later), ETOOMANYREFS (too many descriptors of this user on their way), EPIPE
// (the other end is gone), or what else sendmsg(2) says.
Status send_packet(int socket, std::string_view bytes, std::span<const int> fds);

}  // namespace superd::keeper
