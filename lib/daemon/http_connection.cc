#include "daemon/http_connection.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "base/log.h"

namespace superd::daemon {
namespace {

using State = wire::RequestParser::State;

// One event reads this much at most, so that one client cannot keep the loop to itself.
constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr int kReadsATurn = 4;
// What is taken in of later requests while one is answered. Reading on is also how a client that
// goes away is noticed.
constexpr std::size_t kMaxAheadBytes = std::size_t{64} << 10;

bool is_whole_hangup(int socket) {
  pollfd asked{.fd = socket, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

HttpConnection::HttpConnection(Key /*key*/, UniqueFd socket, os::Peer peer,
                               const HttpLimits& limits, std::weak_ptr<Host> host)
    : socket_(std::move(socket)), peer_(std::move(peer)), limits_(limits), host_(std::move(host)) {}

Result<std::shared_ptr<HttpConnection>> HttpConnection::create(loop::Loop& loop, UniqueFd socket,
                                                               os::Peer peer,
                                                               const HttpLimits& limits,
                                                               std::weak_ptr<Host> host) {
  auto connection = std::make_shared<HttpConnection>(Key(), std::move(socket), std::move(peer),
                                                     limits, std::move(host));
  if (auto status = connection->begin(loop); !status) return tl::unexpected(status.error());
  return connection;
}

Status HttpConnection::begin(loop::Loop& loop) {
  // Whoever holds the connection may let it go while one of its callbacks runs.
  const std::weak_ptr<HttpConnection> weak = weak_from_this();
  auto poll = loop::Poll::create(loop, socket_.get(), [weak](loop::PollEvents events) {
    if (const auto self = weak.lock()) self->on_event(events);
  });
  if (!poll) return tl::unexpected(poll.error());
  poll_.emplace(std::move(*poll));
  timer_.emplace(loop, [weak] {
    if (const auto self = weak.lock()) self->on_time();
  });
  turn_.emplace(loop, [weak] {
    if (const auto self = weak.lock()) self->on_turn();
  });
  wait_for(Waiting::head);
  watch();
  return {};
}

void HttpConnection::on_event(loop::PollEvents events) {
  // Asked for only where nothing is read, and seen only when the client has gone: nobody speaks
  // urgent data here.
  if (events.priority) return end();
  if (events.writable && !output_.empty()) {
    flush();
    // Called as a copy: it may end the stream, and with it itself.
    if (const auto on_room = on_room_; on_room && output_.empty()) on_room();
  }
  if (events.readable && phase_ != Phase::ended) read();
  watch();
}

void HttpConnection::read() {
  for (int i = 0; i < kReadsATurn && wants_input(); ++i) {
    std::array<char, kReadBytes> bytes;
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return end();
    if (count == 0) return at_end_of_input();
    take_in({bytes.data(), static_cast<std::size_t>(count)});
  }
  // libuv gives up a descriptor on which it has seen an error: it has to be asked anew.
  watched_ = {};
}

void HttpConnection::take_in(std::string_view bytes) {
  if (phase_ == Phase::lingering) return;
  parser_.feed(bytes);
  if (phase_ == Phase::reading && waiting_ != Waiting::turn) parse();
}

bool HttpConnection::wants_input() const {
  if (input_ended_ || phase_ == Phase::ended) return false;
  const bool uses_it_now = phase_ == Phase::reading || phase_ == Phase::lingering;
  return uses_it_now || parser_.buffered() < kMaxAheadBytes;
}

void HttpConnection::at_end_of_input() {
  input_ended_ = true;
  const bool nothing_to_come =
      phase_ == Phase::lingering || (phase_ == Phase::reading && waiting_ != Waiting::turn);
  if (nothing_to_come || is_whole_hangup(socket_.get())) end();
}

void HttpConnection::parse() {
  switch (parser_.advance()) {
    case State::idle:
      if (input_ended_) end();
      return;
    case State::in_head:
      if (waiting_ != Waiting::head) wait_for(Waiting::head);
      break;
    case State::expects_continue:
      output_ += wire::kContinue;
      wait_for(Waiting::body);
      flush();
      break;
    case State::in_body:
      if (waiting_ != Waiting::body) wait_for(Waiting::body);
      break;
    case State::complete:
      return begin_request();
    case State::refused:
      return refuse(parser_.refusal());
  }
  if (input_ended_) end();
}

void HttpConnection::begin_request() {
  const auto host = host_.lock();
  if (!host) return end();
  phase_ = Phase::handling;
  wait_for(Waiting::nothing);
  request_ = parser_.take();
  ++request_number_;
  host->handle(*this, request_, peer_, Responder(weak_from_this(), request_number_));
}

bool HttpConnection::owes_answer(std::uint64_t request) const {
  return phase_ == Phase::handling && request == request_number_;
}

bool HttpConnection::busy() const {
  return phase_ == Phase::handling || (phase_ == Phase::writing && !streamed_);
}

void HttpConnection::on_gone(std::uint64_t request, std::function<void()> function) {
  if (owes_answer(request) || streams(request)) on_gone_ = std::move(function);
}

bool HttpConnection::streams(std::uint64_t request) const {
  return phase_ == Phase::streaming && request == request_number_;
}

// Its end is told by the end of the connection, which every HTTP client understands. Nothing is
// asked of how fast the client reads: who fills a stream looks at unsent().
void HttpConnection::begin_stream(std::uint64_t request, std::string_view content_type,
                                  std::function<void()> on_room) {
  if (!owes_answer(request)) return;
  phase_ = Phase::streaming;
  streamed_ = true;
  on_room_ = std::move(on_room);
  output_ += wire::stream_head(content_type);
  flush();
  if (request_.method == wire::Method::head) return end_stream(request);
  watch();
}

void HttpConnection::stream_on(std::uint64_t request, std::string_view bytes) {
  if (!streams(request)) return;
  output_ += bytes;
  flush();
  watch();
}

void HttpConnection::end_stream(std::uint64_t request) {
  if (!streams(request)) return;
  phase_ = Phase::writing;
  after_ = After::close;
  on_gone_ = nullptr;
  on_room_ = nullptr;
  flush();
  watch();
}

void HttpConnection::answer(std::uint64_t request, const wire::Response& response) {
  if (!owes_answer(request)) return;
  // 503: superd wants to be rid of the connection, whatever the client would like.
  const bool stays = request_.keep_alive == wire::KeepAlive::yes && response.status != 503;
  const After after = stays ? After::next_request : After::close;
  if (response.body.size() > limits_.max_answer_bytes) {
    send_answer(wire::problem_response(500, "the answer is too large; ask for less"),
                request_.method, after);
  } else {
    send_answer(response, request_.method, after);
  }
  watch();
}

// The client may still be sending, and would lose the answer if the socket were closed under it.
void HttpConnection::refuse(const wire::Response& response) {
  send_answer(response, wire::Method::get, After::linger);
}

void HttpConnection::send_answer(const wire::Response& response, wire::Method to, After after) {
  phase_ = Phase::writing;
  after_ = after;
  on_gone_ = nullptr;
  output_ += wire::serialize(
      response, to, after_ == After::next_request ? wire::KeepAlive::yes : wire::KeepAlive::no);
  wait_for(Waiting::write);
  flush();
}

void HttpConnection::flush() {
  while (sent_ < output_.size()) {
    const ssize_t count = ::send(socket_.get(), output_.data() + sent_, output_.size() - sent_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return end();
    sent_ += static_cast<std::size_t>(count);
    if (phase_ == Phase::writing) wait_for(Waiting::write);
  }
  output_.clear();
  output_.shrink_to_fit();
  sent_ = 0;
  if (phase_ == Phase::writing) answer_has_left();
}

void HttpConnection::answer_has_left() {
  switch (after_) {
    case After::next_request:
      phase_ = Phase::reading;
      // A pipelined request waits for the next turn, so that others come in between.
      wait_for(parser_.buffered() > 0 || input_ended_ ? Waiting::turn : Waiting::idle);
      break;
    case After::close:
      return end();
    case After::linger:
      linger();
      break;
  }
  if (const auto host = host_.lock()) host->settled();
}

void HttpConnection::linger() {
  if (input_ended_) return end();
  phase_ = Phase::lingering;
  ::shutdown(socket_.get(), SHUT_WR);
  wait_for(Waiting::linger);
}

void HttpConnection::end() {
  if (phase_ == Phase::ended) return;
  const auto self = shared_from_this();
  phase_ = Phase::ended;
  timer_.reset();
  turn_.reset();
  poll_.reset();
  socket_.reset();
  on_room_ = nullptr;
  if (const auto gone = std::exchange(on_gone_, nullptr)) gone();
  if (const auto host = host_.lock()) host->ended(*this);
}

// Whether the time is over although everything that has come is taken in: superd may have been held
// up itself, and what waited in the socket came in time.
bool HttpConnection::is_late() {
  const Waiting expired = waiting_;
  if (expired != Waiting::head && expired != Waiting::body && expired != Waiting::idle) return true;
  read();
  return phase_ == Phase::reading && waiting_ == expired && !timer_->armed();
}

void HttpConnection::on_time() {
  if (!is_late()) return watch();
  switch (std::exchange(waiting_, Waiting::nothing)) {
    case Waiting::nothing:
    case Waiting::turn:
      return;
    case Waiting::head:
      if (parser_.advance() == State::idle) return end();
      refuse(wire::problem_response(408, "the head of the request did not come in time"));
      break;
    case Waiting::body:
      refuse(wire::problem_response(408, "the body of the request did not come in time"));
      break;
    case Waiting::idle:
    case Waiting::write:
    case Waiting::linger:
      return end();
  }
  watch();
}

void HttpConnection::on_turn() {
  if (waiting_ != Waiting::turn) return;
  waiting_ = Waiting::nothing;
  parse();
  if (phase_ == Phase::reading && waiting_ == Waiting::nothing) wait_for(Waiting::idle);
  watch();
}

void HttpConnection::wait_for(Waiting what) {
  waiting_ = what;
  switch (what) {
    case Waiting::nothing:
      return timer_->cancel();
    case Waiting::turn:
      // No timer: libuv goes on with those that come due while it runs timers, and descriptors
      // would have to wait until the last pipelined request of all is answered.
      timer_->cancel();
      return turn_->schedule();
    case Waiting::head:
      return timer_->after(limits_.head_timeout);
    case Waiting::body:
      return timer_->after(limits_.body_timeout);
    case Waiting::idle:
      return timer_->after(limits_.idle_timeout);
    case Waiting::write:
      return timer_->after(limits_.write_timeout);
    case Waiting::linger:
      return timer_->after(limits_.linger_timeout);
  }
  std::abort();
}

void HttpConnection::watch() {
  if (phase_ == Phase::ended) return;
  const bool reads = wants_input();
  const loop::PollEvents wanted{
      .readable = reads, .writable = !output_.empty(), .priority = !reads};
  if (wanted.readable == watched_.readable && wanted.writable == watched_.writable &&
      wanted.priority == watched_.priority) {
    return;
  }
  poll_->watch(wanted);
  watched_ = wanted;
}

}  // namespace superd::daemon
