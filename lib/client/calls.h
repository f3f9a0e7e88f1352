#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/http_codec.h"

// Talking to superd: HTTP over its unix socket, several requests at once, without threads.
namespace superd::client {

using Clock = std::chrono::steady_clock;
inline constexpr Clock::time_point kNever = Clock::time_point::max();

struct Request {
  wire::Method method = wire::Method::get;
  std::string target{};  // as wire::make_target() gives it
  std::string body{};    // JSON, or empty
};

struct Answer {
  std::size_t number = 0;  // what add() returned
  // Any HTTP status is an answer. An error is a connection that failed; it names the socket, and
  // its code is the errno of connect(2) (ENOENT, ECONNREFUSED, EACCES …), ECONNRESET for one that
  // ended too early and EPROTO for bytes that are no HTTP.
  Result<wire::Response> response;
};

class Connection;

// Requests in flight, each on a connection of its own, as many at a time as a superd serves besides
// others'; further ones wait for their turn. What is still open when this is destroyed is dropped:
// superd goes on with what it was asked to do.
class Calls {
 public:
  // interrupt_fd is borrowed; once it is readable next() fails with EINTR. -1: none.
  explicit Calls(std::string socket_path, int interrupt_fd = -1);
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // Numbers count from 0.
  std::size_t add(Request request);
  // How many are not answered yet.
  [[nodiscard]] std::size_t open() const;
  // The next answer, in the order in which they come; nothing when `until` passed or none is open.
  // Fails on an interrupt alone.
  Result<std::optional<Answer>> next(Clock::time_point until);

 private:
  void fill();
  std::optional<Answer> take_finished();
  Status wait(Clock::time_point until);

  std::string socket_path_;
  int interrupt_fd_;
  std::size_t added_ = 0;
  std::deque<std::pair<std::size_t, Request>> queued_;
  std::vector<std::unique_ptr<Connection>> running_;
};

// One request. ETIMEDOUT when there is no answer in time.
Result<wire::Response> call(const std::string& socket_path, Request request,
                            Clock::time_point until, int interrupt_fd = -1);

}  // namespace superd::client
