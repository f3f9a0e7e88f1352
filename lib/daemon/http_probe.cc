#include "daemon/http_probe.h"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/units.h"

namespace superd::daemon {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
// An event reads so often at most: a worker that sends without end is not all there is.
constexpr int kReadsATurn = 4;

bool is_for_later(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

}  // namespace

HttpProbe::HttpProbe(loop::Loop& loop, const Request& request, OnEnd on_end)
    : on_end_(std::move(on_end)),
      unsent_(wire::serialize_probe(request.path)),
      limit_(loop, [this] { end(); }) {
  note(fmt::format("no answer within {}", print_duration(request.limit)));
  limit_.after(request.limit);
  if (const Status begun = begin(loop, request.address); !begun) {
    note(begun.error().message);
    limit_.after(loop::Duration::zero());
  }
}

Status HttpProbe::begin(loop::Loop& loop, const os::SocketAddress& address) {
  Result<UniqueFd> connection = os::begin_connect(address);
  if (!connection) return tl::unexpected(connection.error());
  connection_ = std::move(*connection);
  auto poll = loop::Poll::create(loop, connection_.get(), [this](loop::PollEvents) { on_event(); });
  if (!poll) return tl::unexpected(poll.error());
  poll_.emplace(std::move(*poll));
  poll_->watch({.writable = true});
  return {};
}

void HttpProbe::on_event() {
  if (unsent_.empty()) return receive();
  if (const Status sent = send(); !sent) {
    note(sent.error().message);
    return end();
  }
  if (unsent_.empty()) poll_->watch({.readable = true});
}

Status HttpProbe::send() {
  if (Status there = os::connect_result(connection_.get()); !there) return there;
  const ssize_t sent =
      ::send(connection_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    unsent_.erase(0, static_cast<std::size_t>(sent));
  } else if (!is_for_later(errno)) {
    return fail(std::generic_category().message(errno), errno);
  }
  return {};
}

void HttpProbe::receive() {
  std::array<char, kReadBytes> bytes;
  for (int reads = 0; reads < kReadsATurn; ++reads) {
    const ssize_t got = ::recv(connection_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && is_for_later(errno)) return;
    if (got <= 0) {
      const std::string why = got < 0  ? std::generic_category().message(errno)
                              : heard_ ? "the answer is cut off"
                                       : "it closed the connection without an answer";
      note(why);
      return end();
    }
    heard_ = true;
    const auto state = parser_.feed(std::string_view(bytes.data(), static_cast<std::size_t>(got)));
    if (!state) note(state.error().message);
    // From its head on nothing that becomes of the rest changes what was answered.
    if (const auto status = parser_.status(); status && !end_.status) {
      note(fmt::format("answered {}", *status));
      end_.status = status;
    }
    if (!state || *state == wire::ResponseParser::State::complete) return end();
    parser_.take_body();
  }
}

void HttpProbe::note(std::string what) {
  if (!end_.status) end_.what = std::move(what);
}

void HttpProbe::end() {
  limit_.cancel();
  poll_.reset();
  const OnEnd on_end = std::exchange(on_end_, nullptr);
  on_end(End(end_));
}

}  // namespace superd::daemon
