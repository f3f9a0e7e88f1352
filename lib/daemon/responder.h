#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "wire/http_codec.h"

namespace superd::daemon {

class HttpConnection;

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
