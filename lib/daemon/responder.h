#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "wire/http_codec.h"

namespace superd::daemon {

class HttpConnection;

// An answer that goes on: what is sent goes to the client as it can take it. Movable; its end
// closes the connection, once the client has taken everything, however long that takes. Sending to
// a client that has gone does nothing.
class ResponseStream {
 public:
  ResponseStream() = default;
  // For the Responder alone.
  ResponseStream(std::weak_ptr<HttpConnection> connection, std::uint64_t request)
      : connection_(std::move(connection)), request_(request) {}
  ~ResponseStream();
  ResponseStream(ResponseStream&& other) noexcept = default;
  ResponseStream& operator=(ResponseStream&& other) noexcept;
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;

  // May call on_gone before it returns.
  void send(std::string_view bytes);
  // What waits in superd for the client to read on: bytes.
  [[nodiscard]] std::size_t unsent() const;
  [[nodiscard]] bool open() const;

 private:
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t request_ = 0;
};

// The one answer to one request; movable, to be kept until the answer is known. Answering when the
// client has gone, or the server, does nothing. Destroyed without an answer it answers 500.
class Responder {
 public:
  Responder() = default;
  // For the connection alone.
  Responder(std::weak_ptr<HttpConnection> connection, std::uint64_t request)
      : connection_(std::move(connection)), request_(request) {}
  ~Responder();
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  void answer(wire::Response response);
  // Status 200, and a body without a known end. Both functions are called from the loop: `on_room`
  // whenever the client has taken all that had to wait, `on_gone` once, when it goes away.
  ResponseStream stream(std::string_view content_type, std::function<void()> on_room,
                        std::function<void()> on_gone);
  // Called at most once, from the loop: the client went away before the answer. The function may
  // destroy this Responder. A client that only closed its sending half is still there.
  void on_gone(std::function<void()> function);
  // Whether an answer still reaches somebody.
  [[nodiscard]] bool pending() const;

 private:
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t request_ = 0;
};

}  // namespace superd::daemon
