#include "client/calls.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "client/connection.h"

namespace superd::client {
namespace {

// superd serves 256 connections at a time.
constexpr std::size_t kMaxRunning = 128;

}  // namespace

Calls::Calls(std::string socket_path, int interrupt_fd)
    : socket_path_(std::move(socket_path)), interrupt_fd_(interrupt_fd) {}

Calls::~Calls() = default;

std::size_t Calls::add(Request request) {
  queued_.emplace_back(added_, std::move(request));
  fill();
  return added_++;
}

std::size_t Calls::open() const { return queued_.size() + running_.size(); }

void Calls::fill() {
  while (!queued_.empty() && running_.size() < kMaxRunning) {
    const auto& [number, request] = queued_.front();
    running_.push_back(std::make_unique<Connection>(number, socket_path_, request));
    queued_.pop_front();
  }
}

std::optional<Answer> Calls::take_finished() {
  const auto done = std::ranges::find_if(running_, [](const auto& c) { return c->finished(); });
  if (done == running_.end()) return std::nullopt;
  Answer answer{.number = (*done)->number(), .response = (*done)->take()};
  running_.erase(done);
  fill();
  return answer;
}

Result<std::optional<Answer>> Calls::next(Clock::time_point until) {
  while (true) {
    if (auto answer = take_finished()) return answer;
    if (open() == 0 || Clock::now() >= until) return std::nullopt;
    if (const auto waited = wait(until); !waited) return tl::unexpected<Error>(waited.error());
  }
}

Status Calls::wait(Clock::time_point until) {
  std::vector<pollfd> polled = {{.fd = interrupt_fd_, .events = POLLIN, .revents = 0}};
  bool knocking = false;
  for (const auto& connection : running_) {
    const short events = connection->events();
    knocking = knocking || events == 0;
    polled.push_back({.fd = events == 0 ? -1 : connection->fd(), .events = events, .revents = 0});
  }
  // EINTR, too, is a reason to look again.
  static_cast<void>(::poll(polled.data(), polled.size(), poll_timeout(until, knocking)));
  if (polled[0].revents != 0) return fail("interrupted", EINTR);
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (polled[i + 1].fd < 0 || polled[i + 1].revents != 0) running_[i]->step();
  }
  return {};
}

Result<wire::Response> call(const std::string& socket_path, Request request,
                            Clock::time_point until, int interrupt_fd) {
  Calls calls(socket_path, interrupt_fd);
  calls.add(std::move(request));
  auto answer = calls.next(until);
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (!*answer) {
    return fail(fmt::format("superd at {} gave no answer in time", socket_path), ETIMEDOUT);
  }
  return std::move((*answer)->response);
}

}  // namespace superd::client
