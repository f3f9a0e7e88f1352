#include "daemon/http_server.h"

#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/unique_fd.h"
#include "loop/defer.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/spare_descriptors.h"

namespace superd::daemon {
namespace {

constexpr int kAcceptsATurn = 32;
// Beyond max_connections so many more are let in to be told why not; others are closed unheard.
constexpr std::size_t kRefusedConnections = 32;
// What one client costs: its connection, its pidfd, a file of /proc, and one for its request.
constexpr std::size_t kSpareDescriptors = 4;
constexpr std::chrono::milliseconds kAcceptPause{100};

Result<UniqueFd> accept_on(int listener) {
  UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return fail_errno("cannot accept a connection", errno);
  return socket;
}

bool is_out_of_descriptors(const Error& error) {
  return error.code == EMFILE || error.code == ENFILE;
}
bool is_passing(const Error& error) { return error.code == EINTR || error.code == ECONNABORTED; }

}  // namespace

class HttpServer::State : public HttpConnection::Host,
                          public std::enable_shared_from_this<HttpServer::State> {
 public:
  State(loop::Loop& loop, Options options, Handler handler)
      : loop_(loop),
        options_(std::move(options)),
        handler_(std::move(handler)),
        pause_(loop, [this] { resume(); }),
        idle_(loop, [this] { tell_if_idle(); }) {}

  Status listen_on(int listener);
  void stop(std::function<void()> on_idle);
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  void handle(HttpConnection& connection, const wire::Request& request, const os::Peer& peer,
              Responder responder) override;
  void settled() override;
  void ended(HttpConnection& connection) override;

 private:
  enum class Accepted { yes, no };
  enum class Told { yes, no };

  void accept_some();
  Accepted accept_one();
  Result<UniqueFd> accept_or_use_spares();
  void let_in(UniqueFd socket);
  void pause(const Error& error);
  void resume();
  void tell_if_idle();

  loop::Loop& loop_;
  int listener_ = -1;
  Options options_;
  Handler handler_;
  std::optional<loop::Poll> poll_;
  loop::Timer pause_;
  loop::Defer idle_;
  os::SpareDescriptors spares_{kSpareDescriptors};
  std::map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::set<HttpConnection*> excess_;  // of these the ones above max_connections
  Told pause_told_ = Told::no;
  bool stopped_ = false;
  std::function<void()> on_idle_;
};

Status HttpServer::State::listen_on(int listener) {
  const int flags = ::fcntl(listener, F_GETFL);
  if (flags < 0 || ::fcntl(listener, F_SETFL, flags | O_NONBLOCK) < 0) {
    return fail_errno(fmt::format("cannot use the {}", options_.name), errno);
  }
  const std::weak_ptr<State> weak = weak_from_this();
  auto poll = loop::Poll::readable(loop_, listener, [weak] {
    if (const auto self = weak.lock()) self->accept_some();
  });
  if (!poll) return tl::unexpected(poll.error());
  poll_.emplace(std::move(*poll));
  listener_ = listener;
  return {};
}

void HttpServer::State::accept_some() {
  for (int i = 0; i < kAcceptsATurn; ++i) {
    if (accept_one() == Accepted::no) return;
  }
}

HttpServer::State::Accepted HttpServer::State::accept_one() {
  auto socket = accept_or_use_spares();
  if (socket) {
    pause_told_ = Told::no;
    let_in(std::move(*socket));
    return Accepted::yes;
  }
  if (is_passing(socket.error())) return Accepted::yes;
  if (socket.error().code != EAGAIN) pause(socket.error());
  return Accepted::no;
}

Result<UniqueFd> HttpServer::State::accept_or_use_spares() {
  auto socket = accept_on(listener_);
  if (socket || !is_out_of_descriptors(socket.error()) || spares_.empty()) return socket;
  spares_.release();
  return accept_on(listener_);
}

void HttpServer::State::let_in(UniqueFd socket) {
  if (connections_.size() >= options_.max_connections + kRefusedConnections) return;
  auto peer = os::peer_of(socket.get());
  if (!peer) return log::warn("{}: {}", options_.name, peer.error().message);
  auto connection = HttpConnection::create(loop_, std::move(socket), std::move(*peer),
                                           options_.limits, weak_from_this());
  if (!connection) return log::warn("{}: {}", options_.name, connection.error().message);
  HttpConnection* key = connection->get();
  if (connections_.size() >= options_.max_connections) excess_.insert(key);
  connections_.emplace(key, std::move(*connection));
}

// A listener that cannot be accepted from stays readable: watching it on would be a busy loop.
void HttpServer::State::pause(const Error& error) {
  if (pause_told_ == Told::no) {
    log::warn("{}: {}; trying again until it works", options_.name, error.message);
  }
  pause_told_ = Told::yes;
  poll_->stop();
  pause_.after(kAcceptPause);
}

void HttpServer::State::resume() {
  spares_.refill();
  poll_->watch({.readable = true});
}

void HttpServer::State::handle(HttpConnection& connection, const wire::Request& request,
                               const os::Peer& peer, Responder responder) {
  if (stopped_) {
    return responder.answer(wire::problem_response(503, "superd is shutting down"));
  }
  if (excess_.contains(&connection)) {
    return responder.answer(wire::problem_response(
        503, fmt::format("too many connections: at most {}", options_.max_connections)));
  }
  // The handler may destroy the server.
  const auto self = shared_from_this();
  handler_(request, peer, std::move(responder));
}

void HttpServer::State::settled() {
  if (on_idle_) idle_.schedule();
}

void HttpServer::State::ended(HttpConnection& connection) {
  excess_.erase(&connection);
  connections_.erase(&connection);
  spares_.refill();
  settled();
}

void HttpServer::State::stop(std::function<void()> on_idle) {
  stopped_ = true;
  on_idle_ = std::move(on_idle);
  idle_.schedule();
}

void HttpServer::State::tell_if_idle() {
  for (const auto& [key, connection] : connections_) {
    if (connection->busy()) return;
  }
  if (const auto on_idle = std::exchange(on_idle_, nullptr)) on_idle();
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::create(loop::Loop& loop, int listener,
                                                       Options options, Handler handler) {
  auto state = std::make_shared<State>(loop, std::move(options), std::move(handler));
  if (auto status = state->listen_on(listener); !status) return tl::unexpected(status.error());
  return std::make_unique<HttpServer>(std::move(state));
}

Status HttpServer::listen_on(int listener) { return state_->listen_on(listener); }
void HttpServer::stop(std::function<void()> on_idle) { state_->stop(std::move(on_idle)); }
std::size_t HttpServer::connections() const { return state_->connections(); }

}  // namespace superd::daemon
