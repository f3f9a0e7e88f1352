#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "client/calls.h"

namespace superd::client {

// One request on one connection, moved on by poll(2) results. Never blocks.
class Connection {
 public:
  static constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{256} << 20;

  Connection(std::size_t number, const std::string& socket_path, const Request& request,
             std::uint64_t max_body_bytes = kMaxBodyBytes);

  // What to poll for: nothing while the queue of the listening socket is full, when step() has to
  // be called again after a little while.
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] short events() const;
  void step();

  [[nodiscard]] std::size_t number() const { return number_; }
  // Of an answer that is still coming; nothing before its head is here.
  [[nodiscard]] std::optional<int> status() const { return parser_.status(); }
  // What came of its body since the last call.
  std::string take_body() { return parser_.take_body(); }
  // Once there is an answer, whether good or bad; take it once.
  [[nodiscard]] bool finished() const { return response_.has_value(); }
  Result<wire::Response> take() { return std::move(*response_); }

 private:
  enum class Phase { connecting, sending, receiving };

  void connect();
  void send();
  void receive();
  void fail(int code, std::string_view what);

  std::size_t number_;
  std::string socket_path_;
  std::string unsent_;
  wire::ResponseParser parser_;
  UniqueFd socket_;
  Phase phase_ = Phase::connecting;
  std::optional<Result<wire::Response>> response_;
};

// The time of a poll(2) that ends at `until`, or, where knocking is all that can be done (events()
// is 0), when to knock again.
int poll_timeout(Clock::time_point until, bool knocking);

}  // namespace superd::client
