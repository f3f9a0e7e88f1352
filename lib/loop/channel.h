#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "loop/poll.h"

namespace superd::loop {

// One end of a SOCK_SEQPACKET pair: whole messages with descriptors, both ways, without ever
// blocking. What the other side does not take at once waits in a bounded queue.
// May be destroyed inside its own callbacks.
class Channel {
 public:
  // Longer messages are refused by send() and thrown away, with a line in the log, when received.
  static constexpr std::size_t kMaxMessage = std::size_t{60} * 1024;
  static constexpr std::size_t kMaxDescriptors = 250;

  struct Limits {
    std::size_t bytes = std::size_t{8} << 20;
    std::size_t descriptors = 512;
  };
  struct Callbacks {
    // The descriptors are close-on-exec; those not taken out are closed.
    std::function<void(std::string_view message, std::vector<UniqueFd>& fds)> on_message = {};
    // The other end is gone, or the socket has failed: called once, nothing comes after it.
    std::function<void()> on_closed = {};
    // A queue that had something waiting has become empty. May be empty itself.
    std::function<void()> on_drained = {};
    // A message that waited could not be sent, or one that came was too long or had descriptors for
    // which there was no room: it is lost. May be empty itself.
    std::function<void()> on_lost = {};
  };

  // Owns the socket. Reading begins at once.
  static Result<std::unique_ptr<Channel>> create(Loop& loop, UniqueFd socket, Callbacks callbacks,
                                                 Limits limits);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Sends or queues. Fails, changing nothing but closing the descriptors, with EMSGSIZE (message or
  // descriptors too many), EBADF (one of them is empty), ENOBUFS (queue full), EPIPE (closed), or
  // what else the kernel says.
  Status send(std::string message, std::vector<UniqueFd> fds = {});
  [[nodiscard]] bool drained() const;

 private:
  struct State;

 public:
  // For create(): nobody else can name a State.
  explicit Channel(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  // Shared with the callback in progress only, so that the callback may destroy the Channel.
  std::shared_ptr<State> state_;
};

}  // namespace superd::loop
