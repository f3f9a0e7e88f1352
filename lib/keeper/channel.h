#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/protocol.h"

namespace superd::keeper {

// Descriptors that may be held in the store and wait in a queue at the same time.
using Descriptors = std::shared_ptr<const std::vector<UniqueFd>>;

// One end of a pair with the protocol of protocol.h, the same for both ends. Never blocks; what
// the other end does not take at once waits here. Descriptors on their way are bounded: a further
// batch goes out only when the one before was acknowledged, because the kernel refuses more than
// RLIMIT_NOFILE in flight and a stuck reader must not hold hundreds of them.
class Channel {
 public:
  struct Outgoing {
    Op op = Op::ack;
    int value = 0;
    std::string name = {};
    Descriptors fds = nullptr;
  };
  struct Incoming {
    Op op = Op::ack;
    int value = 0;
    std::string name = {};
    std::vector<UniqueFd> fds = {};
  };
  // Messages without descriptors that wait at a time.
  static constexpr std::size_t kMaxWaiting = 1024;

  // Owns the socket; it becomes non-blocking and close-on-exec.
  explicit Channel(UniqueFd socket);

  [[nodiscard]] int fd() const { return socket_.get(); }

  // Sends or queues, in order. Fails with EPIPE (other end gone), ENOBUFS (queue full), EINVAL
  // (name), E2BIG (more than kMaxItemDescriptors).
  Status send(Outgoing message);
  void flush();
  [[nodiscard]] bool wants_write() const;
  [[nodiscard]] bool settled() const;
  // Takes back the messages that were not sent at all, of one kind, oldest first.
  std::vector<Outgoing> take_unsent(Op op);

  // What has arrived, acknowledged, parts put together: at most kMaxTurn packets a call. What is
  // malformed is logged and left out. Also after the other end was closed what it had sent before
  // is given; closed() tells when that is all.
  std::vector<Incoming> receive();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  static constexpr int kMaxTurn = 64;

  struct Waiting {
    Outgoing message;
    std::size_t sent_fds = 0;
  };
  enum class Sent { yes, later, gone };
  enum class Got { packet, nothing, closed };

  Sent send_next(Waiting& waiting);
  Sent send_packet(const PacketHead& head, const UniqueFd* fds);
  void flush_acks();
  Got receive_packet(std::optional<Incoming>& complete);
  void take_packet(std::span<const char> bytes, std::vector<UniqueFd> fds, int lost_code,
                   std::optional<Incoming>& complete);
  void take_ack(const PacketHead& head);
  void join_part(PacketHead head, std::vector<UniqueFd> fds, std::optional<Incoming>& complete);

  UniqueFd socket_;
  std::deque<Waiting> queue_;
  std::deque<PacketHead> acks_;
  // Descriptors a packet, of those that were not acknowledged yet.
  std::deque<std::size_t> in_flight_;
  std::size_t in_flight_fds_ = 0;
  std::optional<Incoming> partial_;
  bool closed_ = false;
  bool write_closed_ = false;
  // The kernel has too many descriptors of this user in flight: the next turn tries again.
  bool stalled_ = false;
};

}  // namespace superd::keeper
