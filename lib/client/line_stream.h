#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/calls.h"

namespace superd::client {

// One answer of newline-delimited text that is read while it comes, for as long as it comes.
class LineStream {
 public:
  // The descriptors are borrowed, -1: none. interrupt_fd: next() fails with EINTR once it is
  // readable. output_fd: with EPIPE once nobody reads what is written there.
  struct Watched {
    int interrupt_fd = -1;
    int output_fd = -1;
  };

  LineStream(const std::string& socket_path, const Request& request, Watched watched);
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  struct Some {
    std::vector<std::string> lines;         // whole ones, without the newline
    bool over = false;                      // nothing more comes
    std::optional<wire::Response> refusal;  // instead of lines: any answer but a 200
  };
  // What has come since the last call, and nothing where `until` passes before anything comes.
  // Fails as Calls::next() and Answer::response do.
  Result<Some> next(Clock::time_point until);
  // There is an answer, and it is a 200.
  [[nodiscard]] bool began() const;
  // Until something comes of one of them (none: nullptr), or the time is there; next() then has it.
  static Status wait_for_any(const std::vector<LineStream*>& streams, Watched watched,
                             Clock::time_point until);
  // Nothing but the time until the next try. Fails as next() does.
  static Status pause(Watched watched, Clock::time_point until);

 private:
  Status wait(Clock::time_point until);

  std::unique_ptr<Connection> connection_;
  Watched watched_;
  std::string part_;  // of a line
};

}  // namespace superd::client
