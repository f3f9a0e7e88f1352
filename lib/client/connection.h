#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "client/calls.h"

namespace superd::client {

// One request on one connection, moved on by poll(2) results. Never blocks.
class Connection {
 public:
  Connection(std::size_t number, const std::string& socket_path, const Request& request);

  // What to poll for: nothing while the queue of the listening socket is full, when step() has to
  // be called again after a little while.
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] short events() const;
  void step();

  [[nodiscard]] std::size_t number() const { return number_; }
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

}  // namespace superd::client
