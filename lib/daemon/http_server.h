#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "os/credentials.h"
#include "wire/http_codec.h"

namespace superd::daemon {

class HttpConnection;

// The one answer to one request; movable, to be kept until the answer is known. Answering when the
// client has gone, or the server, does nothing. Destroyed without an answer it answers 500.
class Responder {
 public:
  Responder() = default;
  // For the connection alone.
  explicit Responder(std::weak_ptr<HttpConnection> connection, std::uint64_t request)
      : connection_(std::move(connection)), request_(request) {}
  ~Responder();
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  void answer(wire::Response response);
  // Called once when the client goes away before the answer, from the loop, never from here. The
  // function may destroy this Responder.
  void on_gone(std::function<void()> function);
  // Whether an answer still reaches somebody.
  [[nodiscard]] bool pending() const;

 private:
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t request_ = 0;
};

// HTTP/1.1 on a listening unix socket. One request a connection is handled at a time, in the order
// in which they came. Nothing that a client sends or leaves out ends or blocks superd: what takes
// too long or is too much is refused and its connection closed. Without a connection there is no
// timer.
class HttpServer {
 public:
  // May answer at once or later; never called after stop() or by a destroyed server.
  using Handler = std::function<void(const wire::Request&, const os::Peer&, Responder)>;

  struct Options {
    std::string name = "control";  // in the log
    std::size_t max_connections = 256;
    std::chrono::milliseconds head_timeout{5'000};    // first byte and head, in all
    std::chrono::milliseconds body_timeout{10'000};   // from the head's end
    std::chrono::milliseconds idle_timeout{60'000};   // between two requests
    std::chrono::milliseconds write_timeout{10'000};  // without one byte taken by the client
    // A larger answer becomes a 500. No request is begun before the last answer has left, so this
    // is all that a connection can make superd hold.
    std::size_t max_answer_bytes = std::size_t{16} << 20;
  };

  // `listener` is borrowed and outlives the server; it is made non-blocking.
  static Result<std::unique_ptr<HttpServer>> create(loop::Loop& loop, int listener, Options options,
                                                    Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // From now on every new request is answered 503 and its connection closed; answers that are owed
  // can still be given. `on_idle` is called once, from the loop, when no connection has anything
  // left to send or owes an answer.
  void stop(std::function<void()> on_idle);
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace superd::daemon
