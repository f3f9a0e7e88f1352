#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/connect.h"
#include "wire/http_codec.h"

namespace superd::daemon {

// One HTTP request to a worker, and what came of it. GET over a connection of its own to a TCP or
// unix address. A connection that waits in the socket's queue until the application is there is an
// attempt like any other. No redirect is followed. What counts is the head of the answer; its body
// is read and thrown away, so that no worker sees its client go, but never longer than the limit.
class HttpProbe {
 public:
  static constexpr std::chrono::milliseconds kLimit{2000};
  static constexpr std::size_t kMaxBodyBytes = std::size_t{1} << 20;

  struct Request {
    os::SocketAddress address;
    std::string path;                          // the target: `/healthz`
    std::chrono::milliseconds limit = kLimit;  // for all of it
  };
  struct End {
    std::optional<int> status{};  // of the answer; nothing: there was none
    // `answered 500`, `no answer within 2s`, `Connection refused`, `the answer is no HTTP: bad
    // version`, `it closed the connection without an answer`
    std::string what{};
  };
  using OnEnd = std::function<void(const End&)>;

  // Begins at once. `on_end` is called once, from the loop, and may destroy the probe; destroying
  // it before ends the request, and nothing is told.
  HttpProbe(loop::Loop& loop, const Request& request, OnEnd on_end);
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

 private:
  Status begin(loop::Loop& loop, const os::SocketAddress& address);
  void on_event();
  Status send();
  void receive();
  // What it ends with if nothing better comes.
  void note(std::string what);
  void end();

  OnEnd on_end_;
  End end_;
  UniqueFd connection_;
  std::string unsent_;
  bool heard_ = false;  // any byte
  wire::ResponseParser parser_{wire::Method::get, kMaxBodyBytes};
  std::optional<loop::Poll> poll_;
  loop::Timer limit_;
};

}  // namespace superd::daemon
