#include "loop/channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/shortage.h"

namespace superd::loop {
namespace {

// Messages read in one turn; the rest waits for the next, so that others get theirs.
constexpr int kMessagesATurn = 64;
constexpr std::size_t kControlSpace = CMSG_SPACE(sizeof(int) * 253);

struct Outgoing {
  std::string message;
  std::vector<UniqueFd> fds = {};
};

// 0 or an errno.
int send_now(int socket, const Outgoing& out) {
  iovec part{.iov_base = const_cast<char*>(out.message.data()), .iov_len = out.message.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, kControlSpace> control{};
  if (!out.fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * out.fds.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * out.fds.size());
    unsigned char* place = CMSG_DATA(rights);
    for (const UniqueFd& fd : out.fds) {
      const int number = fd.get();
      std::memcpy(place, &number, sizeof number);
      place += sizeof number;
    }
  }
  for (;;) {
    if (sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

std::vector<UniqueFd> take_descriptors(msghdr& header) {
  std::vector<UniqueFd> fds = {};
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const unsigned char* place = CMSG_DATA(part);
    for (std::size_t i = 0; i < count; ++i, place += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, place, sizeof number);
      fds.emplace_back(number);
    }
  }
  return fds;
}

struct Received {
  enum class What { message, unusable, nothing, closed } what = What::nothing;
  std::size_t size = 0;
  std::vector<UniqueFd> fds = {};
};

Received receive(int socket, std::span<char> buffer) {
  using enum Received::What;
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) std::array<char, kControlSpace> control;
  for (;;) {
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size > 0) {
      std::vector<UniqueFd> fds = take_descriptors(header);
      const bool whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
      return {whole ? message : unusable, static_cast<std::size_t>(size), std::move(fds)};
    }
    if (size == 0) return {.what = closed};
    // A peer that left without reading everything makes one reset; what it had sent comes after it.
    if (errno == EINTR || errno == ECONNRESET) continue;
    return {.what = is_shortage(errno) ? nothing : closed};
  }
}

bool has_all(const std::vector<UniqueFd>& fds) {
  return std::ranges::all_of(fds, [](const UniqueFd& fd) { return static_cast<bool>(fd); });
}

bool ends_connection(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

}  // namespace

struct Channel::State {
  // Before the poll, so that it is closed after it.
  UniqueFd socket;
  std::optional<Poll> poll;
  Callbacks callbacks;
  Limits limits;
  std::deque<Outgoing> queue;
  std::size_t queued_bytes = 0;
  std::size_t queued_fds = 0;
  bool open = true;
  std::vector<char> buffer = std::vector<char>(kMaxMessage);

  void shut() {
    open = false;
    poll.reset();
    socket.reset();
    queue.clear();
  }
  void watch() { poll->watch({.readable = true, .writable = !queue.empty()}); }
  void end();
  void flush();
  void read();
  void lose(const std::string& what);
};

void Channel::State::end() {
  shut();
  if (callbacks.on_closed) callbacks.on_closed();
}

void Channel::State::flush() {
  while (!queue.empty()) {
    const int error = send_now(socket.get(), queue.front());
    if (is_shortage(error)) return;
    if (ends_connection(error)) return end();
    queued_bytes -= queue.front().message.size();
    queued_fds -= queue.front().fds.size();
    queue.pop_front();
    if (error != 0) lose(fmt::format("a message could not be sent: {}", std::strerror(error)));
    if (!open) return;
  }
  watch();
  if (callbacks.on_drained) callbacks.on_drained();
}

void Channel::State::read() {
  for (int i = 0; open && i < kMessagesATurn; ++i) {
    Received received = receive(socket.get(), buffer);
    switch (received.what) {
      case Received::What::nothing:
        return;
      case Received::What::closed:
        return end();
      case Received::What::unusable:
        lose("a message that was too long, or whose descriptors did not fit, is dropped");
        break;
      case Received::What::message:
        callbacks.on_message({buffer.data(), received.size}, received.fds);
        break;
    }
  }
}

void Channel::State::lose(const std::string& what) {
  log::warn("{}", what);
  if (callbacks.on_lost) callbacks.on_lost();
}

Result<std::unique_ptr<Channel>> Channel::create(Loop& loop, UniqueFd socket, Callbacks callbacks,
                                                 Limits limits) {
  auto state = std::make_shared<State>();
  state->callbacks = std::move(callbacks);
  state->limits = limits;
  state->socket = std::move(socket);
  const auto on_event = [weak = std::weak_ptr(state)](PollEvents events) {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    // An error ended the watch: asked for again, for as long as there is something to be read.
    alive->watch();
    if (events.writable && !alive->queue.empty()) alive->flush();
    if (events.readable && alive->open) alive->read();
  };
  Result<Poll> poll = Poll::create(loop, state->socket.get(), on_event);
  if (!poll) return tl::unexpected(poll.error());
  state->poll = std::move(*poll);
  state->watch();
  return std::make_unique<Channel>(std::move(state));
}

Channel::~Channel() { state_->shut(); }

Status Channel::send(std::string message, std::vector<UniqueFd> fds) {
  State& state = *state_;
  if (!state.open) return fail_errno("cannot send a message", EPIPE);
  if (message.empty() || message.size() > kMaxMessage || fds.size() > kMaxDescriptors)
    return fail_errno("cannot send a message", EMSGSIZE);
  if (!has_all(fds)) return fail("cannot send a message without one of its descriptors", EBADF);
  Outgoing out{.message = std::move(message), .fds = std::move(fds)};
  if (state.queue.empty()) {
    const int error = send_now(state.socket.get(), out);
    if (error == 0) return {};
    if (!is_shortage(error)) return fail_errno("cannot send a message", error);
  }
  if (state.queued_bytes + out.message.size() > state.limits.bytes ||
      state.queued_fds + out.fds.size() > state.limits.descriptors)
    return fail_errno("cannot send a message", ENOBUFS);
  state.queued_bytes += out.message.size();
  state.queued_fds += out.fds.size();
  state.queue.push_back(std::move(out));
  state.watch();
  return {};
}

bool Channel::drained() const { return state_->queue.empty(); }

}  // namespace superd::loop
