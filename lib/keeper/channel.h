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
#include "keeper/packet_io.h"
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
  static constexpr std::size_t kMaxWaiting = 16384;

  // Owns the socket; it becomes non-blocking and close-on-exec.
  explicit Channel(UniqueFd socket);

  [[nodiscard]] int fd() const { return socket_.get(); }

  // Sends or queues, in order. Fails with EPIPE (other end gone), ENOBUFS (queue full), EINVAL
  // (name), E2BIG (more than kMaxItemDescriptors).
  Status send(Outgoing message);
  // Sends what waits, as far as that is possible now.
  void flush();
  [[nodiscard]] bool wants_write() const;
  // Nothing waits here or for an acknowledgement.
  [[nodiscard]] bool settled() const;
  // Nothing is half sent or half received: another keeper can go on with the socket.
  [[nodiscard]] bool between_messages() const {
    return settled() && !partial_ && !spoiled_ && !write_closed_;
  }
  // The other end reads to the end of what was sent; what it sends is still received.
  void close_writing();
  // Takes out of the queue the messages of one kind of which nothing was sent, and gives them with
  // copies (without descriptors) of those that were sent but not acknowledged; oldest first.
  std::vector<Outgoing> take_undelivered(Op op);

  // What has arrived, acknowledged, parts put together: at most kMaxTurn packets a call. What is
  // malformed is logged and left out. What the other end had sent before it was closed is given as
  // well; closed() tells when that is all.
  std::vector<Incoming> receive();
  // The same without that bound: what a process that has ended left behind.
  std::vector<Incoming> receive_rest();
  [[nodiscard]] bool closed() const { return closed_; }

  static constexpr int kMaxTurn = 64;

  // There was no room for those of some item.
  [[nodiscard]] bool has_lost_descriptors() const { return lost_descriptors_; }

  // That have come so far, acknowledgements and malformed ones included.
  [[nodiscard]] std::uint64_t packets() const { return packets_; }

 private:
  struct Waiting {
    Outgoing message;
    std::size_t sent_fds = 0;
  };
  struct InFlight {
    std::size_t fds = 0;
    Op op = Op::ack;
    int value = 0;
  };
  enum class Sent { yes, later };

  [[nodiscard]] bool window_open(const Waiting& next) const;
  [[nodiscard]] static std::size_t rest(const Waiting& waiting);
  // Whether the message went out whole.
  Sent send_parts(Waiting& waiting);
  Sent send_head(const PacketHead& head, std::span<const int> fds);
  void give_up_writing();

  // False: there is no further packet now.
  bool receive_one(std::vector<Incoming>& complete);
  void take_packet(RawPacket packet, std::vector<Incoming>& complete);
  void take_ack(const PacketHead& ack);
  void spoil(const PacketHead& head);
  void join(const PacketHead& head, std::vector<UniqueFd> fds, std::vector<Incoming>& complete);

  UniqueFd socket_;
  std::deque<Waiting> queue_;
  // Acknowledgements that wait: they overtake the queue, or two full ends would wait for ever.
  std::deque<PacketHead> acks_;
  // Packets that are to be acknowledged and were not yet.
  std::deque<InFlight> in_flight_;
  std::size_t in_flight_fds_ = 0;
  std::uint64_t packets_ = 0;
  std::optional<Incoming> partial_;
  // An item of which a part was lost: its further parts are left out too.
  std::optional<std::string> spoiled_;
  bool lost_descriptors_ = false;
  bool closed_ = false;
  bool write_closed_ = false;
  // The kernel has too many descriptors of this user on their way: tried again at the next call.
  bool stalled_ = false;
};

}  // namespace superd::keeper
