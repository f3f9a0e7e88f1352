#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/responder.h"
#include "loop/defer.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/credentials.h"
#include "wire/http_codec.h"

namespace superd::daemon {

struct HttpLimits {
  std::chrono::milliseconds head_timeout{5'000};    // first byte and head, in all
  std::chrono::milliseconds body_timeout{10'000};   // from the head's end
  std::chrono::milliseconds idle_timeout{60'000};   // between two requests
  std::chrono::milliseconds write_timeout{10'000};  // without one byte taken by the client
  std::chrono::milliseconds linger_timeout{2'000};  // for the client to read why it was refused
  // A larger answer becomes a 500. No request is begun before the last answer has left, so this is
  // all that a connection can make superd hold.
  std::size_t max_answer_bytes = std::size_t{16} << 20;
};

// One client of an HttpServer, which owns it and is told through Host.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual void handle(HttpConnection& connection, const wire::Request& request,
                        const os::Peer& peer, Responder responder) = 0;
    // An answer has left, or the client has.
    virtual void settled() = 0;
    // Nothing more comes of this connection; its descriptor is closed already.
    virtual void ended(HttpConnection& connection) = 0;
  };

  // The host must outlive the connection or have let it go.
  static Result<std::shared_ptr<HttpConnection>> create(loop::Loop& loop, UniqueFd socket,
                                                        os::Peer peer, const HttpLimits& limits,
                                                        std::weak_ptr<Host> host);

  class Key {
    friend class HttpConnection;
    Key() = default;
  };
  // For create() alone.
  HttpConnection(Key key, UniqueFd socket, os::Peer peer, const HttpLimits& limits,
                 std::weak_ptr<Host> host);

  // The Responder's side. All do nothing for a request that is answered, or that streams already.
  void answer(std::uint64_t request, const wire::Response& response);
  void on_gone(std::uint64_t request, std::function<void()> function);
  [[nodiscard]] bool owes_answer(std::uint64_t request) const;
  // The answer's head leaves now, its body bit by bit. `on_room` is called from the loop whenever
  // the client has taken all that was sent after some of it had to wait; on_gone() as before.
  void begin_stream(std::uint64_t request, std::string_view content_type,
                    std::function<void()> on_room);
  // The ResponseStream's side; they do nothing once the stream is over.
  void stream_on(std::uint64_t request, std::string_view bytes);
  void end_stream(std::uint64_t request);
  [[nodiscard]] bool streams(std::uint64_t request) const;
  [[nodiscard]] std::size_t unsent() const { return output_.size() - sent_; }
  // A request is in hand, or an answer is not sent yet; a stream is neither.
  [[nodiscard]] bool busy() const;

 private:
  enum class Phase {
    reading,    // the next request is not complete
    handling,   // somebody owes an answer
    streaming,  // the answer goes on, for as long as its owner likes
    writing,    // the answer is on its way
    lingering,  // the last answer has left; what the client still sends is thrown away
    ended,
  };
  // What the timer is armed for; `turn`: for the end of the loop's turn, without a timer.
  enum class Waiting { nothing, head, body, idle, turn, write, linger };
  enum class After { next_request, close, linger };

  Status begin(loop::Loop& loop);

  void on_event(loop::PollEvents events);
  void on_time();
  bool is_late();
  void on_turn();
  void read();
  void take_in(std::string_view bytes);
  [[nodiscard]] bool wants_input() const;
  void at_end_of_input();
  void parse();
  void begin_request();
  void send_answer(const wire::Response& response, wire::Method to, After after);
  void refuse(const wire::Response& response);
  void flush();
  void answer_has_left();
  void linger();
  void end();
  void wait_for(Waiting what);
  void watch();

  UniqueFd socket_;
  os::Peer peer_;
  HttpLimits limits_;
  std::weak_ptr<Host> host_;
  std::optional<loop::Poll> poll_;
  std::optional<loop::Timer> timer_;
  std::optional<loop::Defer> turn_;
  wire::RequestParser parser_;
  Phase phase_ = Phase::reading;
  Waiting waiting_ = Waiting::nothing;
  After after_ = After::next_request;
  bool input_ended_ = false;
  loop::PollEvents watched_;
  wire::Request request_;
  std::uint64_t request_number_ = 0;
  std::function<void()> on_gone_;
  std::function<void()> on_room_;  // of a stream
  bool streamed_ = false;          // the last answer was a stream
  std::string output_;
  std::size_t sent_ = 0;  // of output_
};

}  // namespace superd::daemon
