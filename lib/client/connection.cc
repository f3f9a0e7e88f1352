#include "client/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace superd::client {
namespace {

// How long to wait before knocking again where the queue of waiting connections is full.
constexpr auto kKnockInterval = std::chrono::milliseconds(20);

}  // namespace

int poll_timeout(Clock::time_point until, bool knocking) {
  using std::chrono::milliseconds;
  if (until == kNever) return knocking ? static_cast<int>(kKnockInterval.count()) : -1;
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  const auto wait = knocking ? std::min<milliseconds>(left, kKnockInterval) : left;
  constexpr milliseconds kLongest(std::numeric_limits<int>::max());
  return static_cast<int>(std::clamp(wait, milliseconds(0), kLongest).count());
}

Connection::Connection(std::size_t number, const std::string& socket_path, const Request& request,
                       std::uint64_t max_body_bytes)
    : number_(number),
      socket_path_(socket_path),
      unsent_(wire::serialize_request(request.method, request.target, request.body,
                                      wire::KeepAlive::no)),
      parser_(request.method, max_body_bytes) {
  step();
}

short Connection::events() const {
  switch (phase_) {
    case Phase::connecting:
      return 0;
    case Phase::sending:
      return POLLOUT;
    case Phase::receiving:
      return POLLIN;
  }
  std::abort();
}

void Connection::step() {
  if (!finished() && phase_ == Phase::connecting) connect();
  if (!finished() && phase_ == Phase::sending) send();
  if (!finished() && phase_ == Phase::receiving) receive();
}

void Connection::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path_.empty() || socket_path_.size() >= sizeof address.sun_path) {
    return fail(ENAMETOOLONG, "");
  }
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  if (!socket_) socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return fail(errno, "");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket_.get(), generic, sizeof address) == 0) {
    phase_ = Phase::sending;
  } else if (errno != EAGAIN && errno != EINTR) {
    // EAGAIN: the queue of waiting connections is full, and no event tells when it is not.
    fail(errno, "");
  }
}

void Connection::send() {
  while (!unsent_.empty()) {
    const ssize_t n = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    // A server that closed early may have said why: its answer is read all the same.
    if (n < 0) break;
    unsent_.erase(0, static_cast<std::size_t>(n));
  }
  phase_ = Phase::receiving;
}

void Connection::receive() {
  std::array<char, 65536> buffer;
  while (!finished()) {
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    const bool ended = n <= 0;
    const auto state =
        ended ? parser_.end()
              : parser_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    if (state && *state == wire::ResponseParser::State::complete) {
      response_ = parser_.take();
    } else if (ended) {
      fail(ECONNRESET, "it closed the connection before it had answered");
    } else if (!state) {
      fail(EPROTO, state.error().message);
    }
  }
}

void Connection::fail(int code, std::string_view what) {
  const std::string reason = what.empty() ? std::strerror(code) : std::string(what);
  response_ = tl::unexpected<Error>(Error{
      .code = code, .message = fmt::format("cannot reach superd at {}: {}", socket_path_, reason)});
}

}  // namespace superd::client
