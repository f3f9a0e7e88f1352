#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "loop/defer.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/connect.h"
#include "wire/http_codec.h"

namespace superd::daemon {

// One HTTP request to a worker, and what came of it: readiness asks by it, again and again. GET
// over a connection of its own to a TCP or unix address; the answer is over with its head, whatever
// body follows; no redirect is followed. A connection that waits in the socket's queue until the
// application is there is an attempt like any other.
class HttpProbe {
 public:
  static constexpr std::chrono::milliseconds kLimit{2000};
  // Of the answer's head.
  static constexpr std::size_t kMaxHeadBytes = wire::kMaxHeaderBytes;

  struct Request {
    os::SocketAddress address;
    std::string path;                          // the target: `/healthz`
    std::chrono::milliseconds limit = kLimit;  // from here to the end of the answer's head
  };
  struct End {
    std::optional<int> status;  // of the answer; nothing: there was none
    // `answered 500`, `no answer within 2s`, `connection refused`, `closed the connection without
    // an answer`, `the answer is no HTTP: bad version`
    std::string what{};
  };
  using OnEnd = std::function<void(const End&)>;

  // Begins at once. `on_end` is called once, from the loop, and may destroy the probe; destroying
  // it before ends the request, and nothing is told.
  HttpProbe(loop::Loop& loop, Request request, OnEnd on_end);
  ~HttpProbe();
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

 private:
  Status begin(loop::Loop& loop);
  void on_event();
  Status send();
  void receive();
  void end(End end);

  Request request_;
  OnEnd on_end_;
  UniqueFd connection_;
  std::string unsent_;
  wire::ResponseParser parser_;
  std::optional<loop::Poll> poll_;
  std::optional<loop::Timer> limit_;
  std::optional<loop::Defer> failed_;  // an attempt that is over before the loop turned
  End end_;
};

}  // namespace superd::daemon
