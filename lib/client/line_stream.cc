#include "client/line_stream.h"

#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include <poll.h>

#include "base/text.h"
#include "client/connection.h"

namespace superd::client {
namespace {

constexpr int kSuccess = 200;

std::vector<std::string> take_lines(std::string& text) {
  const auto end = text.rfind('\n');
  if (end == std::string::npos) return {};
  auto lines = split(std::string_view(text).substr(0, end), '\n');
  text.erase(0, end + 1);
  return lines;
}

}  // namespace

LineStream::LineStream(const std::string& socket_path, const Request& request, Watched watched)
    : connection_(std::make_unique<Connection>(0, socket_path, request,
                                               std::numeric_limits<std::uint64_t>::max())),
      watched_(watched) {}

LineStream::~LineStream() = default;

bool LineStream::began() const { return connection_->status() == kSuccess; }

Result<LineStream::Some> LineStream::next(Clock::time_point until) {
  while (true) {
    Some some;
    if (connection_->finished()) {
      Result<wire::Response> response = connection_->take();
      if (!response) return tl::unexpected(response.error());
      some.over = true;
      if (response->status == kSuccess) {
        part_ += response->body;
        some.lines = take_lines(part_);
      } else {
        some.refusal = std::move(*response);
      }
      return some;
    }
    if (began()) part_ += connection_->take_body();
    some.lines = take_lines(part_);
    if (!some.lines.empty() || Clock::now() >= until) return some;
    if (const auto waited = wait(until); !waited) return tl::unexpected(waited.error());
  }
}

namespace {

// Of the descriptors that are watched besides.
Status found(const pollfd& interrupt, const pollfd& output) {
  if (interrupt.revents != 0) return fail("interrupted", EINTR);
  if ((output.revents & POLLERR) != 0) return fail("nobody reads the output", EPIPE);
  return {};
}

}  // namespace

Status LineStream::wait(Clock::time_point until) {
  const short events = connection_->events();
  // POLLERR comes unasked.
  std::array<pollfd, 3> polled = {
      pollfd{.fd = watched_.interrupt_fd, .events = POLLIN, .revents = 0},
      pollfd{.fd = watched_.output_fd, .events = 0, .revents = 0},
      pollfd{.fd = events == 0 ? -1 : connection_->fd(), .events = events, .revents = 0}};
  static_cast<void>(::poll(polled.data(), polled.size(), poll_timeout(until, events == 0)));
  if (Status seen = found(polled[0], polled[1]); !seen) return seen;
  if (polled[2].fd < 0 || polled[2].revents != 0) connection_->step();
  return {};
}

Status LineStream::wait_for_any(const std::vector<LineStream*>& streams, Watched watched,
                                Clock::time_point until) {
  std::vector<pollfd> polled = {pollfd{.fd = watched.interrupt_fd, .events = POLLIN, .revents = 0},
                                pollfd{.fd = watched.output_fd, .events = 0, .revents = 0}};
  bool knocking = false;
  bool any_finished = false;  // its end is to be told
  for (const LineStream* stream : streams) {
    const bool finished = stream != nullptr && stream->connection_->finished();
    any_finished = any_finished || finished;
    const bool lives = stream != nullptr && !finished;
    const short events = lives ? stream->connection_->events() : short{0};
    knocking = knocking || (lives && events == 0);
    polled.push_back(
        {.fd = events == 0 ? -1 : stream->connection_->fd(), .events = events, .revents = 0});
  }
  const int timeout = any_finished ? 0 : poll_timeout(until, knocking);
  static_cast<void>(::poll(polled.data(), polled.size(), timeout));
  if (Status seen = found(polled[0], polled[1]); !seen) return seen;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (streams[i] == nullptr || streams[i]->connection_->finished()) continue;
    if (polled[i + 2].fd < 0 || polled[i + 2].revents != 0) streams[i]->connection_->step();
  }
  return {};
}

Status LineStream::pause(Watched watched, Clock::time_point until) {
  std::array<pollfd, 2> polled = {
      pollfd{.fd = watched.interrupt_fd, .events = POLLIN, .revents = 0},
      pollfd{.fd = watched.output_fd, .events = 0, .revents = 0}};
  static_cast<void>(::poll(polled.data(), polled.size(), poll_timeout(until, false)));
  return found(polled[0], polled[1]);
}

}  // namespace superd::client
